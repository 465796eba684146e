"""Bills: what a paid month really took. The next month makes up for the difference, or an extra order does at once.

How much is still to make up for is never stored but worked out: what the bills say beyond their months, less what later months
and extra orders have covered of it. So a corrected bill, a month that was refunded or an extra order that nobody paid needs
no repair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.service import SMALLEST_PAYMENT_YEN
from marketplace.orders.states import OrderState
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.errors import BillMonthUnknown, MonthWithoutEmissions, PlanNotChangeable
from marketplace.plans.models import Plan, PlanBill, PlanMonth, PlanTerms
from marketplace.plans.states import LIVE
from marketplace.plans.usage import Usage, calculate
from marketplace.quotes.models import Quote
from offset_calc.factors import load
from offset_calc.quantities import GRAMS_PER_TONNE

_NOT_COVERING = (OrderState.EXPIRED, OrderState.PAYMENT_FAILED, OrderState.REFUND_DUE, OrderState.REFUNDED)


@dataclass(frozen=True, slots=True)
class BillRow:
    """`month`: the first day of a paid month, or its calendar month ("2026-12") where only one month begins in it."""

    month: str
    kwh: str


async def enter(market: Market, plan_id: str, rows: Sequence[BillRow]) -> None:
    """Take all rows or none, and let the next month make up for the difference.

    Raises PlanNotChangeable for a gift, BillMonthUnknown, UsageRefused, MonthTooLarge.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        plan = await plans.find(plan_id)
        for row in rows:
            month, actual_g = await judge(plan, row)
            now = market.clock()
            await PlanBill.create(
                id=new_id("pbl", now), plan_month_id=month.id, kwh=row.kwh.strip(), actual_g=actual_g, entered_at=now
            )
        await even_out(tx, market, plan)

    await run_tx(work)


async def judge(plan: Plan, row: BillRow) -> tuple[PlanMonth, int]:
    """The month that a bill is of and the grams it comes to, by the edition and the menu of that month. Raises as `enter`."""
    if plan.gift_months is not None:
        raise PlanNotChangeable("a gift covers what it was paid for", state="gift")
    month = await _month(plan, row.month)
    terms = await PlanTerms.get(id=month.terms_id)
    try:
        usage = Usage(terms.menu, row.kwh.strip(), None)
        return month, calculate(usage, on=month.first_day, factors=load(terms.edition)).total.value
    except MonthWithoutEmissions:
        return month, 0


async def _month(plan: Plan, named: str) -> PlanMonth:
    months = await PlanMonth.filter(plan_id=plan.id).order_by("first_day")
    try:
        day = date.fromisoformat(named.strip())
        found = [month for month in months if month.first_day == day]
    except ValueError:
        found = [month for month in months if month.first_day.isoformat()[:7] == named.strip()]
    if len(found) != 1:
        raise BillMonthUnknown(f"{len(found)} months begin in {named}", month=named)
    return found[0]


async def newest_bills(months: Sequence[PlanMonth]) -> Mapping[str, PlanBill]:
    """By the month's id; of several bills of a month the newest."""
    rows = await PlanBill.filter(plan_month_id__in=[month.id for month in months]).order_by("id") if months else []
    return {row.plan_month_id: row for row in rows}


async def uncovered_g(plan_id: str) -> int:
    """Grams that bills left to cover; below zero where months covered more than was used."""
    covering = await _covering(await PlanMonth.filter(plan_id=plan_id))
    bills = await PlanBill.filter(plan_month_id__in=[month.id for month in covering]).order_by("id") if covering else []
    if not bills:
        return 0
    newest = {bill.plan_month_id: bill for bill in bills}
    terms = {row.id: row for row in await PlanTerms.filter(plan_id=plan_id)}
    uncovered = sum(
        newest[month.id].actual_g - terms[month.terms_id].month_g for month in covering if month.id in newest
    )
    carried = sum(terms[month.terms_id].carried_g for month in covering)
    return uncovered - carried - await _extra_g([bill.order_id for bill in bills if bill.order_id is not None])


async def _covering(months: Sequence[PlanMonth]) -> list[PlanMonth]:
    """Those that are paid for and not given back."""
    live = await _live([month.order_id for month in months])
    return [month for month in months if month.order_id in live]


async def _extra_g(order_ids: Sequence[str]) -> int:
    """Grams of extra orders that are paid, or may yet be."""
    live = await _live(order_ids)
    return sum(quote.grams for quote in await Quote.filter(id__in=[order.quote_id for order in live.values()]))


async def _live(order_ids: Sequence[str]) -> Mapping[str, Order]:
    if not order_ids:
        return {}
    return {order.id: order for order in await Order.filter(id__in=order_ids).exclude(state__in=_NOT_COVERING)}


async def even_out(tx: BaseDBAsyncClient, market: Market, plan: Plan) -> None:
    """Inside the caller's transaction: let the next month carry what bills left, as far as one month can."""
    if plan.gift_months is not None or plan.state not in LIVE:
        return
    current = await plan_terms.newest(plan.id)
    if current.carried_g == 0 and not await _has_bills(tx, plan.id):
        return
    carried = await _possible(current, await uncovered_g(plan.id))
    if carried == current.carried_g:
        return
    now = market.clock()
    await plan_terms.carry(current, carried, now=now)
    await Plan.filter(id=plan.id).update(version=F("version") + 1)
    await plan.refresh_from_db()
    await plans.follow_soon(tx, plan.id, f"v{plan.version}", at=now)


async def _has_bills(tx: BaseDBAsyncClient, plan_id: str) -> bool:
    """Most plans have none, and then a month costs one question."""
    query = "SELECT 1 FROM plan_bill b JOIN plan_month m ON m.id = b.plan_month_id WHERE m.plan_id = ? LIMIT 1"
    return bool(await tx.execute_query_dict(sql(tx, query), [plan_id]))


async def _possible(terms: PlanTerms, wanted_g: int) -> int:
    """The nearest to `wanted_g` that keeps a month below a tonne and its price payable by card."""
    if wanted_g >= 0:
        return min(wanted_g, GRAMS_PER_TONNE - 1 - terms.month_g)
    low, high = max(wanted_g, 1 - terms.month_g), 0
    while low < high:
        middle = (low + high) // 2
        if await plan_terms.yen_for(terms, terms.month_g + middle) >= SMALLEST_PAYMENT_YEN:
            high = middle
        else:
            low = middle + 1
    return high
