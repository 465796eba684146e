"""An extra order for what a month's bill says beyond the month. It is paid, certified and given back like any other order."""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.errors import BelowSmallestPayment
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.service import SMALLEST_PAYMENT_YEN, OrderWish
from marketplace.orders.words import consent_version
from marketplace.plans import bills
from marketplace.plans import service as plans
from marketplace.plans.errors import BillMonthUnknown, NothingExtra
from marketplace.plans.instruction import instruction_for
from marketplace.plans.models import Plan, PlanBill, PlanMonth, PlanTerms
from marketplace.plans.usage import Usage
from marketplace.quotes import service as quotes
from marketplace.quotes.service import WishedLine


async def extra_g(month: PlanMonth, bill: PlanBill | None) -> int:
    """How many grams an extra order of this month would cover; 0 for none."""
    if bill is None or bill.order_id is not None:
        return 0
    terms = await PlanTerms.get(id=month.terms_id)
    return max(0, min(bill.actual_g - terms.month_g, await bills.uncovered_g(month.plan_id)))


async def order_extra(market: Market, plan_id: str, month_id: str) -> Order:
    """At today's price of the plan's credits. The next month then no longer makes up for it.

    Raises BillMonthUnknown, NothingExtra, BelowSmallestPayment, ListingClosed, NotEnoughUnits, PoolNotOffered.
    """
    plan = await plans.find(plan_id)
    month = await PlanMonth.get_or_none(id=month_id, plan_id=plan_id)
    if month is None:
        raise BillMonthUnknown("no such month", month=month_id)
    bill = (await bills.newest_bills([month])).get(month.id)
    grams = await extra_g(month, bill)
    if bill is None or grams == 0:
        raise NothingExtra("the month covers its bill")
    order = await _place(market, plan, month, bill, grams)

    async def keep(tx: BaseDBAsyncClient) -> None:
        if await PlanBill.filter(id=bill.id, order_id__isnull=True).update(order_id=order.id):
            await bills.even_out(tx, market, await plans.find(plan_id))

    await run_tx(keep)
    return order


async def _place(market: Market, plan: Plan, month: PlanMonth, bill: PlanBill, grams: int) -> Order:
    terms = await PlanTerms.get(id=month.terms_id)
    quote = await quotes.create(
        [WishedLine(terms.listing_id, 0, grams)],
        footprint_id=None,
        fee_basis_points=market.terms.fee_basis_points,
        holds_for=market.terms.quote_lasts,
        clock=market.clock,
        pools=market.terms.pools,
    )
    if quote.total_yen < SMALLEST_PAYMENT_YEN:
        raise BelowSmallestPayment(
            f"{quote.total_yen} yen cannot be paid by card",
            total_yen=quote.total_yen,
            smallest_yen=SMALLEST_PAYMENT_YEN,
        )
    usage = Usage(terms.menu, bill.kwh, None)
    wish = OrderWish(
        quote_id=quote.id,
        instruction=instruction_for(market, plan, usage, month.first_day, month.last_day),
        # the person agreed to these words when the plan began, for everything that the plan covers
        consent_version=consent_version(),
        locale=plan.locale,
        email=plan.email,
    )
    return await orders.place(market, wish)
