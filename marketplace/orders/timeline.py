"""The order's time line: what really happened, in order, with real times. Append-only."""

import json
from datetime import datetime
from enum import StrEnum

from marketplace.orders.models import OrderEvent


class Happened(StrEnum):
    ORDERED = "ordered"
    CHECKOUT_OPENED = "checkout_opened"
    PAYMENT_FAILED = "payment_failed"
    EXPIRED = "expired"
    PAID = "paid"
    UNITS_REPLACED = "units_replaced"
    CANCELLATION_REQUESTED = "cancellation_requested"
    REGISTRY_WAITING = "registry_waiting"
    REGISTRY_ANSWER_UNKNOWN = "registry_answer_unknown"
    UNDER_REVIEW = "under_review"
    CANCELLATION_REFUSED = "cancellation_refused"
    CANCELLATION_CONFIRMED = "cancellation_confirmed"
    CERTIFIED = "certified"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


async def note(order_id: str, kind: Happened, *, at: datetime, **detail: object) -> None:
    await OrderEvent.create(order_id=order_id, kind=kind, detail=json.dumps(detail, sort_keys=True), at=at)


async def note_once(order_id: str, kind: Happened, *, at: datetime, **detail: object) -> None:
    """For a standing condition, such as a closed registry: said when it begins, not at every look."""
    last = await OrderEvent.filter(order_id=order_id).order_by("-id").first()
    if last is None or last.kind != kind:
        await note(order_id, kind, at=at, **detail)


async def events_of(order_id: str) -> list[OrderEvent]:
    return await OrderEvent.filter(order_id=order_id).order_by("id")
