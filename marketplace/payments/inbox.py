"""Verified events of the payment provider: stored once, for ever, together with the job that looks into them."""

from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.payments import early_news, heard_invoices
from marketplace.payments.events import Subject, interpret
from marketplace.payments.gateway import PaymentEvent
from marketplace.payments.models import PaymentEventRecord, PaymentPoll

# the provider lists an event a little after its time of creation
OVERLAP = timedelta(minutes=10)
FIRST_LOOK_BACK = timedelta(days=3)


async def receive(market: Market, body: bytes, signature: str) -> None:
    """Take in one webhook. Raises SignatureRefused; an event that is known already changes nothing."""
    await store(market, market.payments.read_event(body, signature))


async def store(market: Market, event: PaymentEvent) -> None:
    subject = interpret(event.type)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        await tx.execute_query(
            sql(
                tx,
                "INSERT INTO payment_event (id, type, object_id, body, created_at, received_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            ),
            [event.id, event.type, event.object_id, event.body, event.created_at, now],
        )
        if subject is Subject.CHECKOUT:
            await outbox.add(tx, "payment.settle", f"settle:{event.id}", {"session_id": event.object_id}, at=now)
        elif subject is Subject.PAYOUT_ACCOUNT:
            await outbox.add(tx, "payout.account", f"account:{event.id}", {"account_id": event.object_id}, at=now)
        elif event.type == heard_invoices.PAID:
            await heard_invoices.hear(tx, event, at=now)
        elif subject is Subject.INVOICE:
            await outbox.add(tx, "plan.invoice", f"plan_invoice:{event.id}", {"invoice_id": event.object_id}, at=now)
        elif subject is Subject.SUBSCRIPTION:
            told = {"subscription_id": event.object_id}
            await outbox.add(tx, "plan.subscription", f"subscription:{event.id}", told, at=now)
        elif subject in early_news.JOBS:
            await early_news.follow(tx, subject, event.object_id, event.id, at=now)

    await run_tx(work)


async def catch_up(market: Market) -> int:
    """Sweep: fetch what lost webhooks would have said. Returns how many events were new.

    The mark moves only when everything up to it was asked for and stored, so an outage of the poller loses nothing.
    """
    began = market.clock()
    poll = await PaymentPoll.get_or_none(id=1)
    since = poll.polled_until - OVERLAP if poll else began - FIRST_LOOK_BACK
    new = 0
    for event in await market.payments.events_since(since):
        if not await PaymentEventRecord.exists(id=event.id):
            await store(market, event)
            new += 1
    await PaymentPoll.update_or_create({"polled_until": began}, id=1)
    return new
