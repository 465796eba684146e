"""The states of a quote."""

from enum import StrEnum


class QuoteState(StrEnum):
    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"


ALLOWED_MOVES = {
    QuoteState.OPEN: frozenset({QuoteState.USED, QuoteState.EXPIRED}),
    QuoteState.USED: frozenset[QuoteState](),
    QuoteState.EXPIRED: frozenset[QuoteState](),
}
