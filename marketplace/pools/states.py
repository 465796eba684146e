"""The states of a pool, and the only arrows between them (the same table stands in the database).

    planned ─▶ opening ─▶ open          units set aside ─▶ on their way to the registry ─▶ cancelled, grams handed on
       └▶ dropped  └▶ failed            nobody wanted it / it could not be cancelled

Nothing is cancelled for grams that nobody has paid for: a pool is planned when a quote draws on it, and its opening begins
with the first payment.
"""

from collections.abc import Mapping
from enum import StrEnum


class PoolState(StrEnum):
    PLANNED = "planned"
    OPENING = "opening"
    OPEN = "open"
    DROPPED = "dropped"
    FAILED = "failed"


ALLOWED_MOVES: Mapping[PoolState, frozenset[PoolState]] = {
    PoolState.PLANNED: frozenset({PoolState.OPENING, PoolState.DROPPED}),
    PoolState.OPENING: frozenset({PoolState.OPEN, PoolState.FAILED}),
    PoolState.OPEN: frozenset(),
    PoolState.DROPPED: frozenset(),
    PoolState.FAILED: frozenset(),
}
