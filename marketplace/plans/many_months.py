"""Many paid invoices become their months at once: the same rows as months.py writes, in a few statements for all of them.

Only what needs no second thought goes this way: a plan that runs, terms of just this price, no bill to make up for and nothing
heard of the payment before. Every other invoice is left to months.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import sql
from marketplace.ids import new_id, new_token
from marketplace.inventory.holdings import whole_holdings
from marketplace.ledger import service as ledger
from marketplace.ledger.service import Booking
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened
from marketplace.payments.models import EarlyNews, Payment
from marketplace.payments.plan_gateway import PlanInvoice
from marketplace.plans import months
from marketplace.plans import terms as plan_terms
from marketplace.plans.beginning import start
from marketplace.plans.instruction import instruction_for
from marketplace.plans.models import Plan, PlanMonth, PlanTerms
from marketplace.plans.states import PlanState
from marketplace.pools.many import draw_all
from marketplace.pools.models import PoolLine
from marketplace.quotes.models import Quote
from marketplace.quotes.states import QuoteState
from marketplace.quotes.writing import PricedLine, unwritten

_WITH_BILLS = (
    "SELECT DISTINCT m.plan_id FROM plan_bill b JOIN plan_month m ON m.id = b.plan_month_id WHERE m.plan_id IN ({})"
)
_PAID_UNTIL = "UPDATE plan SET paid_until = ? WHERE id = ? AND (paid_until IS NULL OR paid_until < ?)"


@dataclass(frozen=True, slots=True)
class Written:
    """`invoices` have their months now. The orders of `drawn` have their grams, those of `paid` are still to get them."""

    invoices: frozenset[str]
    drawn: Sequence[str]
    paid: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Due:
    """A paid invoice, the plan it is of and the terms it was charged by."""

    invoice: PlanInvoice
    payment: str
    plan: Plan
    terms: PlanTerms


@dataclass(frozen=True, slots=True)
class _Month:
    """The rows that stand for one month before it is retired."""

    due: _Due
    quote: Quote
    line: PoolLine


async def write(market: Market, tx: BaseDBAsyncClient, invoices: Sequence[PlanInvoice]) -> Written:
    """Inside the caller's transaction, which has settled the invoices: their months, orders and payments, as far as they are plain."""
    now = market.clock()
    due = await _plain(tx, invoices)
    for one in due:
        if one.plan.state == PlanState.AWAITING_PAYMENT:
            await start(tx, one.plan, one.invoice.subscription, at=now)
    priced = [
        month for month in await _priced(market, due, now=now) if month.quote.total_yen == month.due.terms.total_yen
    ]
    await rows.insert(*(month.quote for month in priced))
    await rows.insert(*(month.line for month in priced))
    drawn_lines = await draw_all(tx, [month.line for month in priced])
    orders = [_order(market, month, drawn=month.line.id in drawn_lines, now=now) for month in priced]
    await _record(tx, priced, orders, now=now)
    ready = [order.id for order in orders if order.state == OrderState.RETIRING]
    return Written(
        frozenset(month.due.invoice.id for month in priced),
        ready,
        [order.id for order in orders if order.state == OrderState.PAID],
    )


async def _plain(tx: BaseDBAsyncClient, invoices: Sequence[PlanInvoice]) -> list[_Due]:
    """The invoices that need no second thought, at most one of each plan."""
    by_plan = {one.plan_id: one for one in invoices if one.payment is not None and one.currency == "JPY"}
    if not by_plan:
        return []
    plans = {
        plan.id: plan
        for plan in await rows.find_all(Plan, id=sorted(by_plan))
        if plan.state in (PlanState.ACTIVE, PlanState.AWAITING_PAYMENT) and plan.gift_months is None
    }
    history: dict[str, list[PlanTerms]] = {plan_id: [] for plan_id in by_plan}
    for row in await rows.find_all(PlanTerms, plan_id=sorted(by_plan), order_by="version"):
        history[row.plan_id].append(row)
    left_out = await _with_bills(tx, sorted(by_plan))
    payments = sorted({str(one.payment) for one in by_plan.values()})
    heard = {news.provider_payment for news in await rows.find_all(EarlyNews, provider_payment=payments)}
    known = {month.invoice for month in await rows.find_all(PlanMonth, invoice=[one.id for one in by_plan.values()])}
    due = []
    for plan_id, invoice in sorted(by_plan.items()):
        terms = months.terms_of(history[plan_id], invoice)
        if plan_id not in plans or plan_id in left_out or invoice.id in known or invoice.payment in heard:
            continue
        if terms is not None and invoice.payment is not None and history[plan_id][-1].carried_g == 0:
            due.append(_Due(invoice, invoice.payment, plans[plan_id], terms))
    return due


async def _with_bills(tx: BaseDBAsyncClient, plan_ids: Sequence[str]) -> frozenset[str]:
    query = sql(tx, _WITH_BILLS.format(", ".join("?" * len(plan_ids))))
    return frozenset(row["plan_id"] for row in await tx.execute_query_dict(query, list(plan_ids)))


async def _priced(market: Market, due: Sequence[_Due], *, now: datetime) -> list[_Month]:
    listings = {one.id: one for one in await rows.find_all(Listing, id=sorted({one.terms.listing_id for one in due}))}
    holdings = await whole_holdings([listing.holding_id for listing in listings.values()])
    for listing in listings.values():
        listing.holding = holdings[listing.holding_id]
    priced = []
    for one in due:
        terms = one.terms
        line = PricedLine(listings[terms.listing_id], 0, terms.grams, agreed_yen_per_tonne=terms.yen_per_tonne)
        quote = unwritten(
            [line],
            footprint_id=terms.footprint_id,
            fee_basis_points=terms.fee_basis_points,
            expires_at=now + market.terms.quote_lasts,
            now=now,
        )
        # no one else could have used it
        quote.state = QuoteState.USED
        drawn = PoolLine(
            id=new_id("pln", now),
            quote_id=quote.id,
            listing_id=terms.listing_id,
            grams=terms.grams,
            yen_per_tonne=terms.yen_per_tonne,
        )
        priced.append(_Month(one, quote, drawn))
    return priced


def _order(market: Market, month: _Month, *, drawn: bool, now: datetime) -> Order:
    """Paid; and on its way if its grams are set aside."""
    plan, first_last = month.due.plan, months.month_days(month.due.invoice.period_start, month.due.invoice.period_end)
    return Order(
        id=new_id("ord", now),
        access_token=new_token(),
        quote_id=month.quote.id,
        state=OrderState.RETIRING if drawn else OrderState.PAID,
        locale=plan.locale,
        total_yen=month.quote.total_yen,
        instruction=instruction_for(market, plan, plan_terms.usage_of(month.due.terms), *first_last).model_dump_json(),
        consent=plan.consent,
        pay_until=now,
        created_at=now,
    )


async def _record(tx: BaseDBAsyncClient, priced: Sequence[_Month], orders: Sequence[Order], *, now: datetime) -> None:
    """The orders with what was paid for them, their time lines and their months."""
    await rows.insert(*orders)
    await rows.insert(
        *(
            OrderEvent(order_id=order.id, kind=kind, detail="{}", at=now)
            for order in orders
            for kind in (Happened.ORDERED, Happened.PAID)
        )
    )
    dues = [month.due for month in priced]
    await rows.insert(*(_month_row(due, order, now=now) for due, order in zip(dues, orders, strict=True)))
    payments = [
        Payment(
            id=new_id("pay", now),
            order_id=order.id,
            provider_payment=due.payment,
            amount_yen=order.total_yen,
            captured_at=now,
        )
        for due, order in zip(dues, orders, strict=True)
    ]
    await rows.insert(*payments)
    await ledger.book_all(
        [
            Booking(
                f"payment:{payment.id}",
                {ledger.CLEARING: payment.amount_yen, ledger.order_account(payment.order_id): -payment.amount_yen},
                payment.order_id,
            )
            for payment in payments
        ],
        at=now,
    )
    ends = [[due.invoice.period_end, due.plan.id, due.invoice.period_end] for due in dues]
    await tx.execute_many(sql(tx, _PAID_UNTIL), ends)


def _month_row(due: _Due, order: Order, *, now: datetime) -> PlanMonth:
    first_day, last_day = months.month_days(due.invoice.period_start, due.invoice.period_end)
    return PlanMonth(
        id=new_id("pmo", now),
        plan_id=due.plan.id,
        terms_id=due.terms.id,
        first_day=first_day,
        last_day=last_day,
        invoice=due.invoice.id,
        order_id=order.id,
        paid_at=now,
    )
