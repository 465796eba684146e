"""Close and open; each is an operator's act with a reason in the audit trail. What runs already goes on.

`maintenance` closes everything that writes for buyers, `buying` quotes and orders, `plans` and `products` what is begun or changed of
them; which addresses each of them covers stands
in api/closed_doors.py. A registry, `registry.<code>`, is closed for new quotes alone: orders that were placed are carried out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.closures.errors import ClosedForNow, NothingToClose, OpeningInThePast, RegistryClosed
from marketplace.closures.models import Closure
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.registries.profiles import load_profiles

MAINTENANCE = "maintenance"
# in the order in which operators read them
FUNCTIONS = (MAINTENANCE, "buying", "calculators", "plans", "products", "api")
_REGISTRY = "registry."
# what is told to whoever asks when nobody knows when it opens
COME_BACK_AFTER_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that can be closed: `closed_at` is None while it is open."""

    name: str
    closed_at: datetime | None
    opens_at: datetime | None

    @property
    def registry(self) -> str | None:
        """The code of the registry, if it is one."""
        return self.name.removeprefix(_REGISTRY) if self.name.startswith(_REGISTRY) else None


def names() -> Sequence[str]:
    """Everything that can be closed."""
    registries = (code for code, profile in load_profiles().items() if profile.sellable)
    return [*FUNCTIONS, *(_REGISTRY + code for code in registries)]


async def switches() -> Sequence[Switch]:
    """Everything that can be closed, and whether it is."""
    closed = {row.name: row for row in await Closure.all()}
    return [
        Switch(
            name, closed[name].closed_at if name in closed else None, closed[name].opens_at if name in closed else None
        )
        for name in names()
    ]


async def closed_now() -> Sequence[Switch]:
    """What is closed at present, by name."""
    return [Switch(row.name, row.closed_at, row.opens_at) for row in await Closure.all().order_by("name")]


async def close(actor: Actor, name: str, *, reason: str | None, clock: Clock, opens_at: datetime | None = None) -> None:
    """Closing what is closed changes when it opens. Raises NothingToClose, OpeningInThePast, ReasonMissing."""
    why = audit.stated(reason)
    _refuse_unknown(name)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        if opens_at is not None and opens_at <= now:
            raise OpeningInThePast("name a later time")
        await Closure.filter(name=name).delete()
        await Closure.create(name=name, closed_at=now, opens_at=opens_at)
        detail = {"opens_at": opens_at.isoformat() if opens_at else None}
        await audit.record(tx, actor, "switch.closed", name, why, detail, at=now)

    await run_tx(work)


async def reopen(actor: Actor, name: str, *, reason: str | None, clock: Clock) -> None:
    """Opening what is open changes nothing. Raises NothingToClose, ReasonMissing."""
    why = audit.stated(reason)
    _refuse_unknown(name)

    async def work(tx: BaseDBAsyncClient) -> None:
        if await Closure.filter(name=name).delete():
            await audit.record(tx, actor, "switch.opened", name, why, {}, at=clock())

    await run_tx(work)


async def closed_registries() -> frozenset[str]:
    """Codes of the registries that no new quotes are made for."""
    closed = await rows.find_all(Closure, name=[_REGISTRY + code for code in load_profiles()])
    return frozenset(row.name.removeprefix(_REGISTRY) for row in closed)


def refuse_closed_registry(code: str, closed: Collection[str]) -> None:
    """`closed` are those of closed_registries. Raises RegistryClosed."""
    if code in closed:
        raise RegistryClosed(f"no new quotes for {code} at present", registry=code)


def refusal(switch: Switch, *, now: datetime) -> ClosedForNow:
    """What whoever comes to a closed door is told. An opening that has passed says nothing any more."""
    left = ceil((switch.opens_at - now).total_seconds()) if switch.opens_at is not None else 0
    return ClosedForNow(
        f"{switch.name} is closed for now",
        what=switch.name,
        opens_at=switch.opens_at.isoformat() if switch.opens_at is not None and left > 0 else None,
        retry_after_seconds=left if left > 0 else COME_BACK_AFTER_SECONDS,
    )


def _refuse_unknown(name: str) -> None:
    if name not in names():
        raise NothingToClose(f"there is nothing named {name}", name=name)
