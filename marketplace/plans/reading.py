"""A plan as its page and the API show it: its months with their certificates, the running total, and each year's sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from tortoise import connections

from marketplace.database.dialect import sql
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.plans.bills import newest_bills
from marketplace.plans.extras import extra_g
from marketplace.plans.models import Plan, PlanBill, PlanMonth, PlanTerms
from marketplace.plans.states import PlanState
from marketplace.quotes.models import Quote


@dataclass(frozen=True, slots=True)
class MonthSeen:
    """A paid month. `covered_g` is what its certificate states, 0 until there is one; `yen` with fee and tax.

    `extra_g`: what an extra order would cover of its bill; `extra` is that order once it was placed.
    """

    id: str
    first_day: date
    last_day: date
    terms: PlanTerms
    state: OrderState
    certificate_number: str | None
    order_token: str
    yen: int
    paid_at: datetime
    bill: PlanBill | None
    extra_g: int
    extra: Order | None

    @property
    def covered_g(self) -> int:
        return self.terms.grams if self.state is OrderState.FULFILLED else 0


@dataclass(frozen=True, slots=True)
class YearSeen:
    """What was certified of the months that began in a calendar year, in Japan time. `extras` are further certificates of them."""

    year: int
    months: Sequence[MonthSeen]
    extras: Sequence[tuple[MonthSeen, Order, int]]

    @property
    def covered_g(self) -> int:
        return sum(month.covered_g for month in self.months) + sum(grams for _, _, grams in self.extras)

    @property
    def paid_yen(self) -> int:
        certified = sum(month.yen for month in self.months if month.covered_g)
        return certified + sum(order.total_yen for _, order, _ in self.extras)


def next_month_at(plan: Plan, now: datetime) -> datetime | None:
    """When the next month begins; None where none will, or where the present one is being paid or arranged still."""
    if plan.state != PlanState.ACTIVE or plan.paid_until is None or plan.paid_until <= now:
        return None
    return plan.paid_until


def next_charge_at(plan: Plan, now: datetime) -> datetime | None:
    """As next_month_at; None for a gift, whose months are paid."""
    return None if plan.gift_months is not None else next_month_at(plan, now)


async def months_of(plan_id: str) -> Sequence[MonthSeen]:
    """Oldest first."""
    months = await PlanMonth.filter(plan_id=plan_id).order_by("first_day")
    terms = {row.id: row for row in await PlanTerms.filter(plan_id=plan_id)}
    bills = await newest_bills(months)
    extra_ids = [bill.order_id for bill in bills.values() if bill.order_id is not None]
    order_ids = [*(month.order_id for month in months), *extra_ids]
    orders = {order.id: order for order in await Order.filter(id__in=order_ids)} if order_ids else {}
    return [await _seen(month, terms[month.terms_id], orders, bills.get(month.id)) for month in months]


async def _seen(month: PlanMonth, terms: PlanTerms, orders: Mapping[str, Order], bill: PlanBill | None) -> MonthSeen:
    order = orders[month.order_id]
    state = OrderState(order.state)
    return MonthSeen(
        id=month.id,
        first_day=month.first_day,
        last_day=month.last_day,
        terms=terms,
        state=state,
        certificate_number=order.certificate_number,
        order_token=order.access_token,
        yen=order.total_yen,
        paid_at=month.paid_at,
        bill=bill,
        extra_g=await extra_g(month, bill),
        extra=orders.get(bill.order_id) if bill is not None and bill.order_id is not None else None,
    )


async def years_of(months: Sequence[MonthSeen]) -> Sequence[YearSeen]:
    """The newest year first."""
    certified = [month for month in months if month.extra is not None and month.extra.state == OrderState.FULFILLED]
    quotes = {
        quote.id: quote.grams
        for quote in (await Quote.filter(id__in=[m.extra.quote_id for m in certified if m.extra]) if certified else [])
    }
    extras = [(month, month.extra, quotes[month.extra.quote_id]) for month in certified if month.extra is not None]
    return [
        YearSeen(
            year,
            [month for month in months if month.first_day.year == year],
            [extra for extra in extras if extra[0].first_day.year == year],
        )
        for year in sorted({month.first_day.year for month in months}, reverse=True)
    ]


_TOTALS = (
    "SELECT plan_id, SUM(pool_g) AS grams FROM ("
    "SELECT m.plan_id, q.pool_g FROM plan_month m JOIN buyer_order o ON o.id = m.order_id JOIN quote q ON q.id = o.quote_id "
    "WHERE o.state = 'fulfilled' AND m.plan_id IN ({places}) UNION ALL "
    "SELECT m.plan_id, q.pool_g FROM plan_bill b JOIN plan_month m ON m.id = b.plan_month_id "
    "JOIN buyer_order o ON o.id = b.order_id JOIN quote q ON q.id = o.quote_id "
    "WHERE o.state = 'fulfilled' AND m.plan_id IN ({places})) AS certified GROUP BY plan_id"
)


async def running_total_g(plan_id: str) -> int:
    """Everything that the plan's certificates state, in grams."""
    return (await running_totals_g([plan_id]))[plan_id]


async def running_totals_g(plan_ids: Sequence[str]) -> dict[str, int]:
    """As running_total_g, of many plans at once, by their ids."""
    connection, wanted = connections.get("default"), sorted(set(plan_ids))
    query = sql(connection, _TOTALS.format(places=", ".join("?" * len(wanted))))
    found = await connection.execute_query_dict(query, [*wanted, *wanted])
    return dict.fromkeys(wanted, 0) | {row["plan_id"]: int(row["grams"]) for row in found}
