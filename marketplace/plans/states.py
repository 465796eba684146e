"""The states of a plan, and the only arrows between them (the same table stands in the database).

    awaiting_payment ─▶ active ⇄ paused          begun ─▶ paid each month ⇄ months pass unpaid
           └▶ lapsed       ⇅ past_due ─▶ ended    never begun; the card failed and is tried again; no other month follows

The person moves a plan to `paused`, `active` and `ended`, and the payment provider is made to follow. Only the provider moves
it to `past_due` and back. `lapsed` and `ended` are final.
"""

from collections.abc import Mapping
from enum import StrEnum


class PlanState(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    ENDED = "ended"
    LAPSED = "lapsed"


class EndedBecause(StrEnum):
    """`provider`: somebody ended it on the payment provider's own pages."""

    BY_PERSON = "by_person"
    CARD_FAILED = "card_failed"
    PROVIDER = "provider"
    GIFT_OVER = "gift_over"


ALLOWED_MOVES: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.AWAITING_PAYMENT: frozenset({PlanState.ACTIVE, PlanState.LAPSED}),
    PlanState.ACTIVE: frozenset({PlanState.PAUSED, PlanState.PAST_DUE, PlanState.ENDED}),
    PlanState.PAUSED: frozenset({PlanState.ACTIVE, PlanState.PAST_DUE, PlanState.ENDED}),
    PlanState.PAST_DUE: frozenset({PlanState.ACTIVE, PlanState.ENDED}),
    PlanState.ENDED: frozenset(),
    PlanState.LAPSED: frozenset(),
}

LIVE = (PlanState.ACTIVE, PlanState.PAUSED, PlanState.PAST_DUE)
