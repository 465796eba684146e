"""Reserve, release and retire serials. Every function runs inside the caller's transaction.

Serials leave an available interval from its low end; what is left stays one row, so a fresh block is one row however
many sales it sees. Released serials merge back with their neighbours.
"""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.errors import MoveNotAllowed, NotEnoughUnits
from marketplace.ids import new_id
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import CannotSplit, SerialRange, joined
from marketplace.inventory.states import ALLOWED_MOVES, IntervalState


async def free_tonnes(holding_id: str) -> int:
    intervals = await Interval.filter(holding_id=holding_id, state=IntervalState.AVAILABLE)
    return sum(len(interval.serials) for interval in intervals)


async def reserve(
    tx: BaseDBAsyncClient, holding_id: str, tonnes: int, *, quote_line_id: str, until: datetime, now: datetime
) -> None:
    """Set `tonnes` whole serials aside for a quote line; all or nothing, else NotEnoughUnits and nothing has moved."""
    if is_postgres(tx):
        line = [new_id("int", now), quote_line_id, until]
        if await tx.execute_query_dict(_CUT_OFF_LOWEST, [holding_id, tonnes, *line]):
            return
    await _lock(tx, holding_id)
    intervals = await _enough(holding_id, tonnes)
    missing = tonnes
    for interval in intervals:
        taken = min(missing, len(interval.serials))
        if taken == len(interval.serials):
            await _move(interval, IntervalState.RESERVED, quote_line_id=quote_line_id, reserved_until=until)
        else:
            await _cut_off(interval, taken, quote_line_id=quote_line_id, until=until, now=now)
        missing -= taken
        if missing == 0:
            return


# Where the lowest free interval is longer than what is wanted, as it nearly always is: buyers of one holding queue on that row for
# one statement and their commit. Whoever finds the row taken or too short goes the long way, with the holding locked.
_CUT_OFF_LOWEST = """
WITH cut AS (
  UPDATE unit_interval SET first_serial = first_serial + $2::bigint
  WHERE id = (
      SELECT id FROM unit_interval WHERE holding_id = $1 AND state = 'available' ORDER BY first_serial LIMIT 1
    ) AND state = 'available' AND last_serial - first_serial >= $2::bigint
  RETURNING block_id, holding_id, first_serial
)
INSERT INTO unit_interval (id, block_id, holding_id, first_serial, last_serial, state, quote_line_id, reserved_until)
SELECT $3::text, block_id, holding_id, first_serial - $2::bigint, first_serial - 1, 'reserved', $4::text, $5::timestamptz FROM cut
RETURNING id
"""


async def hold_until(quote_line_ids: Sequence[str], until: datetime) -> None:
    """Give the reservation of these quote lines a later deadline."""
    if quote_line_ids:
        held = {"quote_line_id": list(quote_line_ids), "state": IntervalState.RESERVED}
        await rows.change(Interval, held, reserved_until=until)


async def release(tx: BaseDBAsyncClient, quote_line_ids: Sequence[str]) -> None:
    """Give reserved serials back; those already on their way to the registry stay."""
    reserved = await Interval.filter(quote_line_id__in=quote_line_ids, state=IntervalState.RESERVED)
    for holding_id in sorted({interval.holding_id for interval in reserved}):
        await _lock(tx, holding_id)
    for interval in reserved:
        await _move(interval, IntervalState.AVAILABLE, quote_line_id=None, reserved_until=None)
    for holding_id in {interval.holding_id for interval in reserved}:
        await _merge_neighbours(tx, holding_id)


async def reserved_for(quote_line_ids: Sequence[str]) -> list[Interval]:
    return await rows.find_all(
        Interval, quote_line_id=list(quote_line_ids), state=IntervalState.RESERVED, order_by="id"
    )


async def start_cancelling(intervals: Sequence[Interval]) -> None:
    """Of reserved intervals. Raises MoveNotAllowed."""
    await _move_all(intervals, IntervalState.CANCELLING)


async def finish_cancelling(intervals: Sequence[Interval]) -> None:
    """Final. The database refuses it unless a confirmed retirement with the registry's notice is stored."""
    await _move_all(intervals, IntervalState.CANCELLED)


async def withdraw(tx: BaseDBAsyncClient, holding_id: str, tonnes: int, *, now: datetime) -> None:
    """Take free serials off sale, from the high end; what is reserved or on its way stays. All or nothing, else NotEnoughUnits."""
    await _lock(tx, holding_id)
    intervals = await _enough(holding_id, tonnes)
    missing = tonnes
    for interval in reversed(intervals):
        taken = min(missing, len(interval.serials))
        if taken == len(interval.serials):
            await _move(interval, IntervalState.WITHDRAWN, quote_line_id=None, reserved_until=None)
        else:
            kept, withdrawn = interval.serials.split(len(interval.serials) - taken)
            await _shrink(interval, kept)
            await Interval.create(
                id=new_id("int", now),
                block_id=interval.block_id,
                holding_id=holding_id,
                first_serial=withdrawn.first,
                last_serial=withdrawn.last,
                state=IntervalState.WITHDRAWN,
            )
        missing -= taken
        if missing == 0:
            return


async def put_back(tx: BaseDBAsyncClient, holding_id: str) -> int:
    """Offer again what its provider withdrew, and say how many tonnes that are. Serials that the registry refused to cancel stay
    withdrawn: their provider's word is not enough."""
    await _lock(tx, holding_id)
    rows = await tx.execute_query_dict(
        sql(
            tx,
            "SELECT id FROM unit_interval i WHERE holding_id = ? AND state = 'withdrawn' "
            "AND NOT EXISTS (SELECT 1 FROM retirement r WHERE r.interval_id = i.id)",
        ),
        [holding_id],
    )
    withdrawn = await Interval.filter(id__in=[row["id"] for row in rows])
    for interval in withdrawn:
        await _move(interval, IntervalState.AVAILABLE, quote_line_id=None, reserved_until=None)
    await _merge_neighbours(tx, holding_id)
    return sum(len(interval.serials) for interval in withdrawn)


async def of_lines(quote_line_ids: Sequence[str]) -> list[Interval]:
    """All that is set aside for these lines, on its way or cancelled."""
    return await rows.find_all(Interval, quote_line_id=list(quote_line_ids), order_by="id")


def under_way(intervals: Sequence[Interval]) -> bool:
    """Whether any of them still awaits its end: set aside, or on its way through the registry."""
    return any(interval.state in {IntervalState.RESERVED, IntervalState.CANCELLING} for interval in intervals)


async def split_cancelling(
    tx: BaseDBAsyncClient, interval: Interval, pieces: Sequence[SerialRange], *, now: datetime
) -> list[Interval]:
    """Cut an interval that is being cancelled into `pieces`, which tile it in any order; the first piece keeps its row.

    Raises: CannotSplit if they do not tile it.
    """
    if joined(pieces) != (interval.serials,) or sum(map(len, pieces)) != len(interval.serials):
        raise CannotSplit(interval.serials, len(pieces))
    await _lock(tx, interval.holding_id)
    first, *others = pieces
    shrunk = await Interval.filter(
        id=interval.id,
        state=IntervalState.CANCELLING,
        first_serial=interval.first_serial,
        last_serial=interval.last_serial,
    ).update(first_serial=first.first, last_serial=first.last)
    if shrunk != 1:
        raise MoveNotAllowed(f"interval {interval.id} changed meanwhile", old="cancelling", new="cancelling")
    return [
        await Interval.get(id=interval.id),
        *[
            await Interval.create(
                id=new_id("int", now),
                block_id=interval.block_id,
                holding_id=interval.holding_id,
                first_serial=piece.first,
                last_serial=piece.last,
                state=IntervalState.CANCELLING,
                quote_line_id=interval.quote_line_id,
            )
            for piece in others
        ],
    ]


async def stop_cancelling(tx: BaseDBAsyncClient, interval: Interval) -> None:
    """The request never left us: the serials are free again."""
    await _lock(tx, interval.holding_id)
    await _move(interval, IntervalState.AVAILABLE, quote_line_id=None, reserved_until=None)
    await _merge_neighbours(tx, interval.holding_id)


async def withdraw_refused(tx: BaseDBAsyncClient, interval: Interval) -> None:
    """The registry refused to cancel these serials: nobody is offered them again before a person has looked."""
    await _lock(tx, interval.holding_id)
    await _move(interval, IntervalState.AVAILABLE, quote_line_id=None, reserved_until=None)
    interval.state = IntervalState.AVAILABLE
    await _move(interval, IntervalState.WITHDRAWN, quote_line_id=None, reserved_until=None)


async def _lock(tx: BaseDBAsyncClient, holding_id: str) -> None:
    # SQLite has one writer at a time; on PostgreSQL splits and merges of one holding queue here. Not FOR UPDATE: whoever has
    # cut off an interval without coming here still has to point its new row at the holding
    if is_postgres(tx):
        await tx.execute_query_dict("SELECT id FROM holding WHERE id = $1 FOR NO KEY UPDATE", [holding_id])


async def _enough(holding_id: str, tonnes: int) -> list[Interval]:
    """The free intervals, lowest serials first. Raises NotEnoughUnits if they hold less than `tonnes`."""
    intervals = await _free(holding_id)
    free = sum(len(interval.serials) for interval in intervals)
    if free < tonnes:
        raise NotEnoughUnits(
            f"holding {holding_id} has {free} free tonnes, not {tonnes}", holding_id=holding_id, asked=tonnes, free=free
        )
    return intervals


async def _free(holding_id: str) -> list[Interval]:
    free = await rows.find_all(
        Interval, holding_id=holding_id, state=IntervalState.AVAILABLE, order_by="first_serial", locked=True
    )
    return sorted(free, key=lambda interval: interval.first_serial)


async def _move(
    interval: Interval, new: IntervalState, *, quote_line_id: str | None, reserved_until: datetime | None
) -> None:
    old = IntervalState(interval.state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"interval {interval.id} cannot move from {old} to {new}", old=old, new=new)
    moved = await rows.change(
        Interval,
        {"id": interval.id, "state": old},
        state=new,
        quote_line_id=quote_line_id,
        reserved_until=reserved_until,
    )
    if moved != 1:
        raise MoveNotAllowed(f"interval {interval.id} is no longer {old}", old=old, new=new)


async def _move_all(intervals: Sequence[Interval], new: IntervalState) -> None:
    """Intervals of the same state, which all stay with their quote lines."""
    if not intervals:
        return
    old = IntervalState(intervals[0].state)
    if new not in ALLOWED_MOVES[old]:
        raise MoveNotAllowed(f"interval {intervals[0].id} cannot move from {old} to {new}", old=old, new=new)
    still = {"id": [interval.id for interval in intervals], "state": old}
    if await rows.change(Interval, still, state=new, reserved_until=None) != len(intervals):
        raise MoveNotAllowed(f"one of {len(intervals)} intervals is no longer {old}", old=old, new=new)


async def _shrink(interval: Interval, rest: SerialRange) -> None:
    whole = {
        "id": interval.id,
        "state": IntervalState.AVAILABLE,
        "first_serial": interval.first_serial,
        "last_serial": interval.last_serial,
    }
    shrunk = await rows.change(Interval, whole, first_serial=rest.first, last_serial=rest.last)
    if shrunk != 1:
        raise MoveNotAllowed(f"interval {interval.id} changed meanwhile", old="available", new="a part of it")


async def _cut_off(interval: Interval, tonnes: int, *, quote_line_id: str, until: datetime, now: datetime) -> None:
    taken, rest = interval.serials.split(tonnes)
    await _shrink(interval, rest)
    await rows.insert(
        Interval(
            id=new_id("int", now),
            block_id=interval.block_id,
            holding_id=interval.holding_id,
            first_serial=taken.first,
            last_serial=taken.last,
            state=IntervalState.RESERVED,
            quote_line_id=quote_line_id,
            reserved_until=until,
        )
    )


# an interval that a refused retirement points at stays a row of its own
_MERGEABLE = """
SELECT id, first_serial, last_serial FROM unit_interval i WHERE holding_id = ? AND state = 'available'
  AND NOT EXISTS (SELECT 1 FROM retirement r WHERE r.interval_id = i.id) ORDER BY first_serial
"""
_MERGEABLE_POSTGRES = _MERGEABLE.replace("?", "$1") + "FOR NO KEY UPDATE OF i"


async def _merge_neighbours(tx: BaseDBAsyncClient, holding_id: str) -> None:
    free = await tx.execute_query_dict(_MERGEABLE_POSTGRES if is_postgres(tx) else _MERGEABLE, [holding_id])
    # one that somebody was just cutting from the low end is found as it is now
    free.sort(key=lambda row: row["first_serial"])
    run = free[:1]
    for row in free[1:]:
        if row["first_serial"] == run[-1]["last_serial"] + 1:
            run.append(row)
        else:
            await _merge(run)
            run = [row]
    await _merge(run)


async def _merge(run: list[dict[str, int | str]]) -> None:
    if len(run) < 2:
        return
    await Interval.filter(id__in=[row["id"] for row in run[1:]]).delete()
    await Interval.filter(id=run[0]["id"]).update(last_serial=run[-1]["last_serial"])
