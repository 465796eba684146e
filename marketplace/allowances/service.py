"""How often a caller may do something, counted once over all processes.

A process takes a caller's allowance in small portions, so that not every request writes to the database. Portions are
only ever taken from what is left, so all processes together never allow more than the policy; a caller who is spread
over several of them may get a little less.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx

PORTIONS_PER_WINDOW = 20
_MOST_CALLERS_REMEMBERED = 20_000

_TAKE = (
    "INSERT INTO allowance (policy, caller, window_number, taken) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (policy, caller, window_number) DO UPDATE SET taken = allowance.taken + excluded.taken "
    "WHERE allowance.taken < ? RETURNING taken"
)


@dataclass(frozen=True, slots=True)
class Policy:
    """At most `most` times in each window of length `per`; windows begin at whole multiples of it."""

    name: str
    most: int
    per: timedelta

    @property
    def portion(self) -> int:
        return max(1, self.most // PORTIONS_PER_WINDOW)

    def window(self, now: datetime) -> int:
        return int(now.timestamp() // self.per.total_seconds())

    def resets_in(self, now: datetime) -> timedelta:
        seconds = self.per.total_seconds()
        return timedelta(seconds=seconds - now.timestamp() % seconds)


@dataclass(frozen=True, slots=True)
class Standing:
    """`remaining` is what is left as far as this process knows."""

    allowed: bool
    remaining: int
    resets_in: timedelta


@dataclass(slots=True)
class _Portion:
    window: int
    left: int
    beyond: int


class Allowances:
    """One per process."""

    def __init__(self) -> None:
        self._portions: OrderedDict[tuple[str, str], _Portion] = OrderedDict()
        self._tidied: dict[str, int] = {}

    async def spend(self, policy: Policy, caller: str, *, now: datetime) -> Standing:
        """Count one use by `caller`; whether it is within the policy, and how things stand."""
        window, key = policy.window(now), (policy.name, caller)
        portion = self._portions.get(key)
        if portion is None or portion.window != window or portion.left == 0:
            portion = await self._next_portion(policy, caller, portion, window)
            self._remember(key, portion)
        allowed = portion.left > 0
        if allowed:
            portion.left -= 1
        return Standing(allowed, portion.left + portion.beyond, policy.resets_in(now))

    async def _next_portion(self, policy: Policy, caller: str, last: _Portion | None, window: int) -> _Portion:
        if last is not None and last.window == window and last.beyond == 0:
            # used up: what is gone in a window does not come back, so there is nothing to ask
            return last
        granted, beyond = await run_tx(lambda tx: _take(tx, policy, caller, window))
        if self._tidied.get(policy.name) != window:
            self._tidied[policy.name] = window
            await run_tx(lambda tx: _forget_before(tx, policy, window))
        return _Portion(window, granted, beyond)

    def _remember(self, key: tuple[str, str], portion: _Portion) -> None:
        self._portions[key] = portion
        self._portions.move_to_end(key)
        if len(self._portions) > _MOST_CALLERS_REMEMBERED:
            self._portions.popitem(last=False)


async def _take(tx: BaseDBAsyncClient, policy: Policy, caller: str, window: int) -> tuple[int, int]:
    """A portion, or the rest of the allowance; and what is left after it."""
    rows = await tx.execute_query_dict(sql(tx, _TAKE), [policy.name, caller, window, policy.portion, policy.most])
    if not rows:
        return 0, 0
    beyond = policy.most - rows[0]["taken"]
    return policy.portion + min(0, beyond), max(0, beyond)


async def _forget_before(tx: BaseDBAsyncClient, policy: Policy, window: int) -> None:
    await tx.execute_query(
        sql(tx, "DELETE FROM allowance WHERE policy = ? AND window_number < ?"), [policy.name, window]
    )
