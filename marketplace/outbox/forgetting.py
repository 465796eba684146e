"""Jobs that are done are kept for a while, so that a person can see what was done, and then deleted.

A job's key guards its reason as long as the row stands. Whoever comes with the same reason later than that finds the work done: a
job may run twice anyway, its effect may not.
"""

from datetime import datetime, timedelta

from tortoise.connection import get_connection
from ulid import ULID

from marketplace.clock import Clock
from marketplace.database.dialect import sql

# longer than any period that a key names, which is a month
KEPT = timedelta(days=90)
EVERY = timedelta(hours=1)
# so that no transaction holds many rows for long
PORTION = 5_000

# ids sort by the time at which a job was put on the table, and none is done before
_FORGET = f"""
DELETE FROM job WHERE id IN (
  SELECT id FROM job WHERE id < ? AND done_at < ? ORDER BY id LIMIT {PORTION}
) RETURNING id
"""  # noqa: S608 - a number of our own


class Forgetting:
    """A sweep of one worker: sweeps come every few seconds, this one works once an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: datetime | None = None

    async def __call__(self) -> None:
        now = self._clock()
        if self._next is None or now >= self._next:
            self._next = now + EVERY
            await forget_done(before=now - KEPT)


async def forget_done(*, before: datetime) -> int:
    """Delete what was done before this moment; returns how many jobs that were."""
    connection = get_connection("default")
    oldest_kept = f"job_{str(ULID.from_datetime(before))[:10]}"
    forgotten = 0
    while gone := await connection.execute_query_dict(sql(connection, _FORGET), [oldest_kept, before]):
        forgotten += len(gone)
    return forgotten
