"""The order's time line: what really happened, in order, with real times. Append-only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.connection import get_connection

from marketplace.database import rows
from marketplace.orders.models import Order, OrderEvent
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob

MAIL = "order.mail"


class Happened(StrEnum):
    ORDERED = "ordered"
    CHECKOUT_OPENED = "checkout_opened"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_REFUSED = "payment_refused"
    PAYMENT_PROMISED = "payment_promised"
    EXPIRED = "expired"
    PAID = "paid"
    UNITS_REPLACED = "units_replaced"
    CANCELLATION_REQUESTED = "cancellation_requested"
    AT_THE_DESK = "at_the_desk"
    APPLICATION_FROZEN = "application_frozen"
    REGISTRY_WAITING = "registry_waiting"
    REGISTRY_ANSWER_UNKNOWN = "registry_answer_unknown"
    PARTLY_CONFIRMED = "partly_confirmed"
    UNDER_REVIEW = "under_review"
    CANCELLATION_REFUSED = "cancellation_refused"
    CANCELLATION_CONFIRMED = "cancellation_confirmed"
    PART_CERTIFIED = "part_certified"
    CERTIFIED = "certified"
    ENDED_IN_PART = "ended_in_part"
    CANCELLED_BY_BUYER = "cancelled_by_buyer"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"
    PART_REFUND_DUE = "part_refund_due"
    PART_REFUNDED = "part_refunded"
    REFUND_PENDING = "refund_pending"
    REFUND_FAILED = "refund_failed"


# What usually passes within seconds is worth a mail only if it lasts.
LINGERS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Follows:
    """The mail about an entry. `message`: a folder of frontend/templates/emails. `lasting`: only if the order still stands
    there after a while, and once per order. `operators`: the message for those who have to look."""

    message: str
    lasting: bool = False
    operators: str | None = None


MAILS: Mapping[Happened, Follows] = {
    Happened.CHECKOUT_OPENED: Follows("order_received"),
    Happened.PAYMENT_FAILED: Follows("payment_failed"),
    Happened.EXPIRED: Follows("order_expired"),
    Happened.PAID: Follows("order_paid"),
    Happened.CANCELLATION_REQUESTED: Follows("application_sent", lasting=True),
    Happened.APPLICATION_FROZEN: Follows("application_frozen"),
    Happened.REGISTRY_WAITING: Follows("registry_waiting", lasting=True),
    Happened.REGISTRY_ANSWER_UNKNOWN: Follows("registry_silent", lasting=True),
    Happened.UNITS_REPLACED: Follows("units_replaced"),
    Happened.UNDER_REVIEW: Follows("under_review", operators="operator_review"),
    Happened.PARTLY_CONFIRMED: Follows("partly_confirmed"),
    Happened.PART_CERTIFIED: Follows("part_certified"),
    Happened.CERTIFIED: Follows("certified"),
    Happened.ENDED_IN_PART: Follows("ended_in_part"),
    Happened.REFUND_DUE: Follows("refund_due"),
    Happened.REFUNDED: Follows("refunded"),
    Happened.PAYMENT_PROMISED: Follows("payment_promised"),
    Happened.PART_REFUNDED: Follows("part_refunded"),
    Happened.REFUND_FAILED: Follows("refund_failed", operators="operator_refund_failed"),
}


async def note(order: Order | str, kind: Happened, *, at: datetime, **detail: object) -> None:
    """Inside the caller's transaction, with the job that writes the mails about it (orders/mails.py).

    `order` is the order, or its id where it is not in hand.
    """
    order_id = order if isinstance(order, str) else order.id
    event = OrderEvent(order_id=order_id, kind=kind, detail=json.dumps(detail, sort_keys=True), at=at)
    await rows.insert(event)
    follows = MAILS.get(kind)
    if follows is not None and (follows.operators or await _has_address(order)):
        when = at + LINGERS if follows.lasting else at
        await outbox.add(get_connection("default"), MAIL, f"{MAIL}:{event.id}", {"event_id": event.id}, at=when)


@dataclass(frozen=True, slots=True)
class Entry:
    """What `note` takes of an order in hand, for many at once."""

    order: Order
    kind: Happened
    detail: Mapping[str, object] = field(default_factory=dict)


async def note_all(entries: Sequence[Entry], *, at: datetime, jobs: Sequence[NewJob] = ()) -> None:
    """As note, for many at once; `jobs` are put on the table beside those that write the mails."""
    events = [
        OrderEvent(order_id=one.order.id, kind=one.kind, detail=json.dumps(one.detail, sort_keys=True), at=at)
        for one in entries
    ]
    await rows.insert(*events)
    mails = [
        NewJob(MAIL, f"{MAIL}:{event.id}", {"event_id": event.id}, at=at + LINGERS if follows.lasting else at)
        for one, event in zip(entries, events, strict=True)
        if (follows := MAILS.get(one.kind)) is not None and (follows.operators or one.order.email is not None)
    ]
    await outbox.add_all([*jobs, *mails], at=at)


async def _has_address(order: Order | str) -> bool:
    known = await rows.get(Order, id=order) if isinstance(order, str) else order
    return known.email is not None


async def note_once(order_id: str, kind: Happened, *, at: datetime, **detail: object) -> None:
    """For a standing condition, such as a closed registry: said when it begins, not at every look."""
    last = await OrderEvent.filter(order_id=order_id).order_by("-id").first()
    if last is None or last.kind != kind:
        await note(order_id, kind, at=at, **detail)


async def events_of(order_id: str) -> list[OrderEvent]:
    return await rows.find_all(OrderEvent, order_id=order_id, order_by="id")
