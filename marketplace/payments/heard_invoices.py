"""Invoices of plans that the provider says are paid: heard once each, taken in batches, settled once.

Whoever takes some has a while to settle them; when it dies, they are taken again. What settles them is in plans/renewing.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.outbox import service as outbox
from marketplace.payments.gateway import PaymentEvent
from marketplace.payments.models import HeardInvoice

RENEW = "plan.renew"
PAID = "invoice.paid"
TAKEN_FOR = timedelta(seconds=60)

_OTHERS_WAIT = (
    "SELECT 1 FROM heard_plan_invoice WHERE settled_at IS NULL AND taken_until IS NULL AND invoice <> ? LIMIT 1"
)
_TAKE = """
UPDATE heard_plan_invoice SET taken_until = ? WHERE invoice IN (
  SELECT invoice FROM heard_plan_invoice WHERE settled_at IS NULL AND (taken_until IS NULL OR taken_until < ?)
  ORDER BY made_at LIMIT ?
) RETURNING invoice
"""
# SQLite has one writer at a time and needs no such clause
_TAKE_SKIPPING_LOCKED = _TAKE.replace("LIMIT ?", "LIMIT ? FOR UPDATE SKIP LOCKED")


async def hear(tx: BaseDBAsyncClient, event: PaymentEvent, *, at: datetime) -> None:
    """Inside the transaction that stores the event. While others wait, the job that takes them will take this one too."""
    heard = await tx.execute_query_dict(
        sql(
            tx,
            "INSERT INTO heard_plan_invoice (invoice, made_at, heard_at) VALUES (?, ?, ?) "
            "ON CONFLICT (invoice) DO NOTHING RETURNING invoice",
        ),
        [event.object_id, event.about_made_at or event.created_at, at],
    )
    if heard and not await tx.execute_query_dict(sql(tx, _OTHERS_WAIT), [event.object_id]):
        await ask(tx, at=at)


async def ask(tx: BaseDBAsyncClient, *, at: datetime) -> None:
    """Write a job that takes what waits."""
    await outbox.add(tx, RENEW, f"{RENEW}:{new_id('ask', at)}", {}, at=at)


async def take(most: int, *, at: datetime) -> Sequence[HeardInvoice]:
    """Up to `most` that wait and that nobody holds, the oldest first, for TAKEN_FOR."""

    async def work(tx: BaseDBAsyncClient) -> list[HeardInvoice]:
        due = _TAKE_SKIPPING_LOCKED if is_postgres(tx) else _TAKE
        taken = await tx.execute_query_dict(sql(tx, due), [at + TAKEN_FOR, at, most])
        return await rows.find_all(HeardInvoice, invoice=[row["invoice"] for row in taken], order_by="made_at")

    return await run_tx(work)


async def give_back(taken: Sequence[HeardInvoice]) -> None:
    """They could not be read: whoever asks next may take them."""
    await rows.change(HeardInvoice, {"invoice": [one.invoice for one in taken], "settled_at": None}, taken_until=None)


async def settle(tx: BaseDBAsyncClient, invoices: Sequence[str], *, at: datetime) -> frozenset[str]:
    """Inside the transaction that writes their months: which of these are the caller's to write, because nobody settled them yet."""
    places = ", ".join("?" * len(invoices))
    settled = await tx.execute_query_dict(
        sql(
            tx,
            f"UPDATE heard_plan_invoice SET settled_at = ? WHERE invoice IN ({places}) AND settled_at IS NULL "  # noqa: S608
            "RETURNING invoice",
        ),
        [at, *sorted(invoices)],
    )
    return frozenset(row["invoice"] for row in settled)


async def any_left(tx: BaseDBAsyncClient, *, at: datetime) -> bool:
    """Whether some wait that nobody holds."""
    query = (
        "SELECT 1 FROM heard_plan_invoice WHERE settled_at IS NULL AND (taken_until IS NULL OR taken_until < ?) LIMIT 1"
    )
    return bool(await tx.execute_query_dict(sql(tx, query), [at]))


async def ask_for_forgotten(at: datetime) -> None:
    """Sweep: some that a dead worker held, or that came in the moment when a batch ended."""

    async def work(tx: BaseDBAsyncClient) -> None:
        if await any_left(tx, at=at):
            await outbox.add(tx, RENEW, f"{RENEW}:sweep:{at:%Y%m%d%H%M%S}", {}, at=at)

    await run_tx(work)
