"""A paid month becomes one order, which ends like any other: in a certificate, or in a refund.

The provider charges by itself and tells of each invoice. An invoice is read again, never believed, and makes at most one month:
its number and the days of the month are unique in the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id, new_token
from marketplace.market import Market
from marketplace.orders.fulfilment import owe_refund
from marketplace.orders.models import Order
from marketplace.orders.settlement import capture
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.payments.gateway import PaymentRefused
from marketplace.payments.plan_gateway import InvoiceState, PlanInvoice
from marketplace.plans import bills, failures
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.beginning import start
from marketplace.plans.errors import PlanPaymentDiffers
from marketplace.plans.instruction import instruction_for
from marketplace.plans.models import Plan, PlanMonth, PlanTerms
from marketplace.plans.states import PlanState
from marketplace.pools.models import PoolLine
from marketplace.quotes import service as quotes
from marketplace.quotes.writing import write

NOT_RUNNING = "plan_not_running"


@dataclass(frozen=True, slots=True)
class PaidMonth:
    """The days are Japan time, both included."""

    plan: Plan
    terms: PlanTerms
    first_day: date
    last_day: date
    invoice: str | None


async def settle_invoice(market: Market, invoice_id: str) -> None:
    """Read an invoice and follow it. Safe to call any number of times, in any order.

    Raises PlanNotFound, PlanPaymentDiffers, PaymentProviderUnreachable.
    """
    try:
        invoice = await market.plans.invoice(invoice_id)
    except PaymentRefused as refused:
        if refused.reason == "invoice_not_ours":
            return
        raise
    if invoice.state is InvoiceState.PAID:
        await _paid(market, invoice)
    elif invoice.state is InvoiceState.OPEN and invoice.attempts:
        await failures.note_failure(market, invoice)


async def _paid(market: Market, invoice: PlanInvoice) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        if await PlanMonth.exists(invoice=invoice.id):
            return
        now = market.clock()
        plan = await plans.find(invoice.plan_id)
        terms = await _terms_of(plan, invoice)
        if invoice.payment is None:
            raise PlanPaymentDiffers(f"{invoice.id} is paid without a payment")
        await start(tx, plan, invoice.subscription, at=now)
        if plan.state == PlanState.PAST_DUE:
            await plans.follow_soon(tx, plan.id, f"paid:{invoice.id}", at=now)
        first_day, last_day = month_days(invoice.period_start, invoice.period_end)
        order = await place(market, PaidMonth(plan, terms, first_day, last_day, invoice.id))
        await capture(tx, order, invoice.payment, at=now)
        if _was_not_running(plan, invoice):
            await owe_refund(market, tx, await Order.get(id=order.id), NOT_RUNNING)
        if plan.paid_until is None or plan.paid_until < invoice.period_end:
            await Plan.filter(id=plan.id).update(paid_until=invoice.period_end)
        await bills.even_out(tx, market, plan)

    await run_tx(work)


def month_days(start: datetime, end: datetime) -> tuple[date, date]:
    """The days in Japan from the moment `start` to just before that of `end`: months of a plan follow each other without a gap."""
    return japan_date(start), japan_date(end) - timedelta(days=1)


def _was_not_running(plan: Plan, invoice: PlanInvoice) -> bool:
    """The person had paused or ended the plan before this month began; the provider was quicker than we."""
    return plan.state in (PlanState.PAUSED, PlanState.ENDED) and invoice.period_start >= plan.state_since


async def _terms_of(plan: Plan, invoice: PlanInvoice) -> PlanTerms:
    """Raises PlanPaymentDiffers."""
    terms = terms_of(await PlanTerms.filter(plan_id=plan.id).order_by("version"), invoice)
    if terms is None:
        raise PlanPaymentDiffers(
            f"{invoice.id}: {invoice.amount} {invoice.currency} is the price of no terms of {plan.id}"
        )
    return terms


def terms_of(history: Sequence[PlanTerms], invoice: PlanInvoice) -> PlanTerms | None:
    """The newest terms of this price that stood before the month began, else the newest of this price: a change that came too
    late for the provider applies from the month after. `history` holds the plan's terms, the oldest first."""
    priced = [terms for terms in history if (terms.total_yen, "JPY") == (invoice.amount, invoice.currency)]
    stood = [terms for terms in priced if terms.created_at <= invoice.period_start]
    return next(reversed(stood or priced), None)


async def place(market: Market, month: PaidMonth) -> Order:
    """Inside the caller's transaction, which also books the payment: the month and the order that covers it.

    Its grams are drawn from pools when the order is retired; where none are left, the money goes back.
    """
    now, plan, terms = market.clock(), month.plan, month.terms
    line = await plan_terms.priced_line(terms, terms.grams)
    quote = await write(
        [line],
        footprint_id=terms.footprint_id,
        fee_basis_points=terms.fee_basis_points,
        expires_at=now + market.terms.quote_lasts,
        now=now,
    )
    if quote.total_yen != terms.total_yen:
        raise PlanPaymentDiffers(f"{quote.total_yen} yen by the terms {terms.id}, not {terms.total_yen}")
    await PoolLine.create(
        id=new_id("pln", now),
        quote_id=quote.id,
        listing_id=terms.listing_id,
        grams=terms.grams,
        yen_per_tonne=terms.yen_per_tonne,
    )
    await quotes.use(quote, now=now)
    stated = instruction_for(market, plan, plan_terms.usage_of(terms), month.first_day, month.last_day)
    order = await Order.create(
        id=new_id("ord", now),
        access_token=new_token(),
        quote_id=quote.id,
        state=OrderState.QUOTED,
        locale=plan.locale,
        total_yen=quote.total_yen,
        instruction=stated.model_dump_json(),
        consent=plan.consent,
        pay_until=now,
        created_at=now,
    )
    await note(order.id, Happened.ORDERED, at=now)
    await PlanMonth.create(
        id=new_id("pmo", now),
        plan_id=plan.id,
        terms_id=terms.id,
        first_day=month.first_day,
        last_day=month.last_day,
        invoice=month.invoice,
        order_id=order.id,
        paid_at=now,
    )
    return order
