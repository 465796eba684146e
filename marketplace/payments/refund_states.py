"""The states of a refund, and the only arrows between them (the same table stands in the database).

`succeeded` is not final: the buyer's bank may send the money back days later. `failed` leads to a new attempt with a new key.
"""

from collections.abc import Mapping
from enum import StrEnum


class RefundState(StrEnum):
    REQUESTED = "requested"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


ALLOWED_MOVES: Mapping[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset({RefundState.PENDING, RefundState.SUCCEEDED, RefundState.FAILED}),
    RefundState.PENDING: frozenset({RefundState.SUCCEEDED, RefundState.FAILED}),
    RefundState.SUCCEEDED: frozenset({RefundState.FAILED}),
    RefundState.FAILED: frozenset({RefundState.REQUESTED}),
}

# the provider's words; what it invents later is taken as undecided until it says one of these
OF_PROVIDER: Mapping[str, RefundState] = {
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
}


class BorneBy(StrEnum):
    """Who pays for a refund: the order's own money while nothing is sold yet, after the sale we or its sellers."""

    ORDER = "order"
    SERVICE = "service"
    PROVIDERS = "providers"
