"""Money that needs a person: refunds that failed for good, disputes to answer, and acts on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.payments import refunds
from marketplace.payments.gateway import DisputeState
from marketplace.payments.models import DisputeRecord, Payment, RefundRecord
from marketplace.payments.refund_states import BorneBy, RefundState

SHOWN = 100


@dataclass(frozen=True, slots=True)
class OpenRefund:
    refund: RefundRecord
    order_id: str


@dataclass(frozen=True, slots=True)
class OpenDispute:
    dispute: DisputeRecord
    order_id: str


async def open_refunds() -> Sequence[OpenRefund]:
    """Failed ones first, then those under way, the oldest first."""
    undone = await RefundRecord.exclude(state=RefundState.SUCCEEDED).order_by("requested_at").limit(SHOWN)
    found = [OpenRefund(one, (await Payment.get(id=one.payment_id)).order_id) for one in undone]
    return sorted(found, key=lambda one: one.refund.state != RefundState.FAILED)


async def disputes() -> Sequence[OpenDispute]:
    """Undecided ones first."""
    rows = await DisputeRecord.all().order_by("-opened_at").limit(SHOWN)
    found = [OpenDispute(one, (await Payment.get(id=one.payment_id)).order_id) for one in rows]
    return sorted(found, key=lambda one: one.dispute.state not in {DisputeState.WITHDRAWN, DisputeState.INQUIRY})


async def try_again(market: Market, actor: Actor, refund_id: str, reason: str | None) -> None:
    """Another attempt now. Raises ReasonMissing, MoveNotAllowed if the refund has not failed."""
    why = audit.stated(reason)
    record = await RefundRecord.get_or_none(id=refund_id, state=RefundState.FAILED)
    if record is None:
        raise MoveNotAllowed(f"refund {refund_id} has not failed", old="failed", new="requested")

    async def work(tx: BaseDBAsyncClient) -> None:
        await refunds.begin_again(tx, refund_id, record.attempt, at=market.clock())
        detail = {"attempt": record.attempt + 1}
        await audit.record(tx, actor, "refund.try_again", refund_id, why, detail, at=market.clock())

    await run_tx(work)


async def give_back(
    market: Market, actor: Actor, order_id: str, yen: int, *, borne_by: BorneBy, reason: str | None, key: str
) -> None:
    """An operator gives a part of a fulfilled order's price back. Raises ReasonMissing, OrderNotFound, RefundTooLarge."""
    why = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await orders.find(order_id)
        record = await refunds.refund(
            tx, order, yen, reason="goodwill", key=f"operator:{key}", at=now, borne_by=borne_by
        )
        detail: dict[str, JsonValue] = {"order": order_id, "yen": yen, "borne_by": borne_by.value}
        await audit.record(tx, actor, "refund.give", record.id, why, detail, at=now)

    await run_tx(work)
