"""Months in batches: what the provider charged is read by the hundred, and written, certified and told by the hundred.

    heard ─▶ taken ─▶ months, orders, payments, grams ─▶ certificates, sales, mails
                                                    └──▶ invoices for the person

Each arrow is one transaction that writes the job of the next. A worker may die between any two of them: what it had taken is
taken again after a while, and what is written already is not written again, since an invoice makes one month, a month is one
order, and an order has one certificate (rules of the database). What does not go in a batch goes alone, as months.py does it.
"""

from collections.abc import Sequence
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from marketplace.certification import pooled
from marketplace.database.transactions import run_tx
from marketplace.invoices import service as invoices
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.payments import heard_invoices
from marketplace.payments.gateway import PaymentProviderUnreachable
from marketplace.payments.models import HeardInvoice
from marketplace.payments.plan_gateway import PlanInvoice
from marketplace.plans import many_months, news

CERTIFY = "plan.certify"
# written, certified and told well inside the lease of a job
AT_ONCE = 100
# invoices of a few others may have been made between the first and the last of a batch
LOOKED_AT = 3 * AT_ONCE
LOOK_AGAIN_WHEN_BUSY = timedelta(milliseconds=500)


class Renewals:
    """The job `plan.renew`. A process works on one batch at a time, so that what comes meanwhile makes the next one larger."""

    def __init__(self) -> None:
        self._busy = False

    async def run(self, market: Market) -> timedelta | None:
        """Take a batch to its months. Safe to repeat. Raises PaymentProviderUnreachable."""
        if self._busy:
            return LOOK_AGAIN_WHEN_BUSY
        self._busy = True
        try:
            await _next_batch(market)
        finally:
            self._busy = False
        return None


async def _next_batch(market: Market) -> None:
    taken = await heard_invoices.take(AT_ONCE, at=market.clock())
    if not taken:
        return
    try:
        told = await market.plans.paid_invoices(taken[0].made_at, taken[-1].made_at, most=LOOKED_AT)
    except PaymentProviderUnreachable:
        await heard_invoices.give_back(taken)
        raise
    wanted = {one.invoice for one in taken}
    paid = [invoice for invoice in told if invoice.id in wanted]
    try:
        await run_tx(lambda tx: _write(market, tx, taken, paid))
    except IntegrityError:
        # one of them breaks a rule of the database: each alone says which, and holds up no other
        await run_tx(lambda tx: _write(market, tx, taken, ()))


async def _write(
    market: Market, tx: BaseDBAsyncClient, taken: Sequence[HeardInvoice], paid: Sequence[PlanInvoice]
) -> None:
    """Months for those of `paid` that are plain, and a job of its own for every other one that was taken."""
    now = market.clock()
    ours = await heard_invoices.settle(tx, [one.invoice for one in taken], at=now)
    written = await many_months.write(market, tx, [invoice for invoice in paid if invoice.id in ours])
    jobs = [
        NewJob("plan.invoice", f"plan_invoice:alone:{invoice}", {"invoice_id": invoice})
        for invoice in sorted(ours - written.invoices)
    ]
    jobs += [NewJob("order.retire", f"retire:{order}", {"order_id": order}) for order in written.paid]
    if written.drawn:
        jobs.append(NewJob(CERTIFY, f"{CERTIFY}:{written.drawn[0]}", {"orders": list(written.drawn)}))
    if orders := [*written.drawn, *written.paid]:
        jobs.append(NewJob(invoices.ISSUE_ALL, f"{invoices.ISSUE_ALL}:{orders[0]}", {"orders": orders}))
    await outbox.add_all(jobs, at=now)
    if await heard_invoices.any_left(tx, at=now):
        await heard_invoices.ask(tx, at=now)


async def certify(market: Market, orders: list[str]) -> None:
    """Job: the certificates of a batch and the mails about them, in one transaction. Safe to repeat."""

    async def work(tx: BaseDBAsyncClient) -> None:
        certified = await pooled.certify_pooled(market, tx, orders)
        await news.tell_certified(certified, at=market.clock())

    await run_tx(work)
