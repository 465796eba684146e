"""The states of an interval of serials, and the only arrows between them (the same table stands in the database)."""

from collections.abc import Mapping
from enum import StrEnum


class IntervalState(StrEnum):
    AVAILABLE = "available"
    RESERVED = "reserved"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


ALLOWED_MOVES: Mapping[IntervalState, frozenset[IntervalState]] = {
    IntervalState.AVAILABLE: frozenset({IntervalState.RESERVED, IntervalState.WITHDRAWN}),
    IntervalState.RESERVED: frozenset({IntervalState.AVAILABLE, IntervalState.CANCELLING}),
    # back only when the registry has refused
    IntervalState.CANCELLING: frozenset({IntervalState.CANCELLED, IntervalState.AVAILABLE}),
    IntervalState.CANCELLED: frozenset(),
    IntervalState.WITHDRAWN: frozenset({IntervalState.AVAILABLE}),
}
