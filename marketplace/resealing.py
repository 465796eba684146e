"""Every sealed secret, wherever it lies, is sealed with the newest key: by a sweep, or at once by `ashiato keys reseal`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.models import Model

from marketplace.accounts.models import OneTimeCode
from marketplace.accounts.sealing import SealKeys
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.items.models import ItemBatch
from marketplace.notifications.models import EndpointSecret
from marketplace.products.models import ProductShop

EVERY = timedelta(hours=1)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table whose `secret` is sealed for the id in column `owner`, with the key that `sealed_with` names.

    Without such a name a secret is `older_than_seals` and stands as it is, or was sealed before names were written down.
    """

    model: type[Model]
    owner: str
    older_than_seals: bool

    def opened(self, row: Any, seals: SealKeys) -> str:
        """Raises SealBroken if a key is missing."""
        owner = getattr(row, self.owner)
        if self.older_than_seals:
            return seals.opened(row.secret, row.sealed_with, owner)
        return seals.open(row.secret, owner)


# a test walks the models for a column `sealed_with`, so that no table is forgotten here
SEALED = (
    Sealed(OneTimeCode, "person_id", older_than_seals=True),
    Sealed(EndpointSecret, "endpoint_id", older_than_seals=False),
    Sealed(ItemBatch, "id", older_than_seals=True),
    Sealed(ProductShop, "id", older_than_seals=True),
)


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
    for sealed in SEALED:
        # in the order of their ids: one that somebody changes meanwhile is not met again
        last = ""
        while rows := await sealed.model.filter(_older(seals), id__gt=last).order_by("id").limit(_AT_ONCE):
            for row in rows:
                resealed += await _seal_anew(sealed, row, seals)
            last = str(rows[-1].pk)
    return resealed


async def _seal_anew(sealed: Sealed, row: Any, seals: SealKeys) -> int:
    async def work(_: BaseDBAsyncClient) -> int:
        fresh = seals.seal(sealed.opened(row, seals), getattr(row, sealed.owner))
        # unless somebody has drawn another secret meanwhile
        unchanged = sealed.model.filter(id=row.id, secret=row.secret)
        return await unchanged.update(secret=fresh, sealed_with=seals.newest)

    return await run_tx(work)


async def counts() -> Mapping[str, int]:
    """How many secrets each key has sealed, by the key's name; "" stands for those of which no key is known."""
    found: Counter[str] = Counter()
    for sealed in SEALED:
        rows = await sealed.model.annotate(rows=Count("id")).group_by("sealed_with").values("sealed_with", "rows")
        for row in rows:
            found[row["sealed_with"] or ""] += row["rows"]
    return found


def _older(seals: SealKeys) -> Q:
    return Q(sealed_with__isnull=True) | ~Q(sealed_with=seals.newest)
