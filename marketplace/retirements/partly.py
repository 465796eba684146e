"""A notice that confirms only some of the serials asked for: the retirement is split along it.

What the notice names stays with the retirement, a further run of serials in a row of its own; what it does not name becomes
a refused row, and is replaced or paid back like any other refusal. All rows keep the one request that was sent.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.registries.matching import PartialConfirmation
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

NOT_IN_NOTICE = "not_in_notice"


async def split(
    tx: BaseDBAsyncClient,
    retirement: Retirement,
    parts: PartialConfirmation,
    notice_columns: Mapping[str, Any],
    *,
    now: datetime,
) -> tuple[Sequence[Interval], Sequence[Retirement]]:
    """Inside the transaction that confirms `retirement`, which keeps the first confirmed run of serials.

    Returns the intervals that are confirmed, that one included, and the refused rows for what remains.
    """
    interval = await Interval.get(id=retirement.interval_id)
    pieces = await inventory.split_cancelling(tx, interval, [*parts.confirmed, *parts.remaining], now=now)
    confirmed, remaining = pieces[: len(parts.confirmed)], pieces[len(parts.confirmed) :]
    numbered = iter(range(2, len(pieces) + 1))
    for piece in confirmed[1:]:
        await _row(retirement, piece, next(numbered), RetirementState.CONFIRMED, now=now, **notice_columns)
    refused = [
        await _row(retirement, piece, next(numbered), RetirementState.REJECTED, now=now, rejection_reason=NOT_IN_NOTICE)
        for piece in remaining
    ]
    return confirmed, refused


async def confirmed_in_part(order_id: str, confirmed: Collection[Retirement]) -> bool:
    """Whether one of these retirements of the order is what a partial notice left of its application."""
    if not confirmed:
        return False
    missing = await Retirement.filter(order_id=order_id, state=RetirementState.REJECTED, rejection_reason=NOT_IN_NOTICE)
    partial = {row.request for row in missing}
    return any(retirement.request in partial for retirement in confirmed)


async def _row(
    retirement: Retirement, piece: Interval, number: int, state: RetirementState, *, now: datetime, **facts: Any
) -> Retirement:
    return await Retirement.create(
        id=new_id("ret", now),
        order_id=retirement.order_id,
        interval_id=piece.id,
        reference=f"{retirement.reference}/{number}",
        state=state,
        registry=retirement.registry,
        request=retirement.request,
        submitted_at=retirement.submitted_at,
        decided_at=now,
        created_at=now,
        **facts,
    )
