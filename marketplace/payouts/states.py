"""The states of a payout, and the only arrows between them (the same table stands in the database).

Above the operator's limit a payout is held until a second person has released it. Dropped: refunds took all of it.
"""

from collections.abc import Mapping
from enum import StrEnum


class PayoutState(StrEnum):
    DUE = "due"
    HELD = "held"
    RELEASED = "released"
    SENT = "sent"
    DROPPED = "dropped"


ALLOWED_MOVES: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.DUE: frozenset({PayoutState.SENT, PayoutState.HELD, PayoutState.DROPPED}),
    PayoutState.HELD: frozenset({PayoutState.RELEASED, PayoutState.DROPPED}),
    PayoutState.RELEASED: frozenset({PayoutState.SENT, PayoutState.DROPPED}),
    PayoutState.SENT: frozenset(),
    PayoutState.DROPPED: frozenset(),
}
UNSENT = (PayoutState.DUE, PayoutState.HELD, PayoutState.RELEASED)
