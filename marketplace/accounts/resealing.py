"""Secrets that an older key sealed, or none because they are older than seals, are sealed with the newest one by a sweep."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.functions import Count

from marketplace.accounts.models import OneTimeCode
from marketplace.accounts.sealing import SealKeys
from marketplace.accounts.second_factor import secret_of
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx

EVERY = timedelta(hours=1)
_AT_ONCE = 100


class Resealing:
    """A sweep of one worker: sweeps come every few seconds, this one works once an hour."""

    def __init__(self, seals: SealKeys, clock: Clock) -> None:
        self._seals, self._clock = seals, clock
        self._next: datetime | None = None

    async def __call__(self) -> None:
        now = self._clock()
        if self._next is None or now >= self._next:
            self._next = now + EVERY
            await reseal(self._seals)


async def reseal(seals: SealKeys) -> int:
    """Returns how many secrets have another seal now. Raises SealBroken if a key is missing."""
    resealed = 0
    while rows := await OneTimeCode.filter(_older(seals)).limit(_AT_ONCE):
        for row in rows:

            async def work(_: BaseDBAsyncClient, row: OneTimeCode = row) -> int:
                fresh = seals.seal(secret_of(row, seals), row.person_id)
                # unless somebody has set up another app meanwhile
                unchanged = OneTimeCode.filter(id=row.id, secret=row.secret)
                return await unchanged.update(secret=fresh, sealed_with=seals.newest)

            resealed += await run_tx(work)
    return resealed


async def counts() -> Mapping[str, int]:
    """How many secrets each key has sealed, by the key's name; "" stands for those that no key has sealed."""
    rows = await OneTimeCode.annotate(rows=Count("id")).group_by("sealed_with").values("sealed_with", "rows")
    return {row["sealed_with"] or "": row["rows"] for row in rows}


def _older(seals: SealKeys) -> Q:
    return Q(sealed_with__isnull=True) | ~Q(sealed_with=seals.newest)
