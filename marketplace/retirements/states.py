"""The states of a retirement, and the only arrows between them (the same table stands in the database).

`unknown` means that the registry was asked and gave no trustworthy answer. It is left only by looking up; back to
`submitted` only when the registry certainly has never seen our reference.
"""

from collections.abc import Mapping
from enum import StrEnum


class RetirementState(StrEnum):
    QUEUED = "queued"
    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


ALLOWED_MOVES: Mapping[RetirementState, frozenset[RetirementState]] = {
    # rejected without having been sent: the buyer took the order back
    RetirementState.QUEUED: frozenset({RetirementState.SUBMITTED, RetirementState.REJECTED}),
    RetirementState.SUBMITTED: frozenset(
        {RetirementState.CONFIRMED, RetirementState.REJECTED, RetirementState.UNKNOWN}
    ),
    RetirementState.UNKNOWN: frozenset(
        {RetirementState.SUBMITTED, RetirementState.CONFIRMED, RetirementState.REJECTED}
    ),
    RetirementState.CONFIRMED: frozenset(),
    RetirementState.REJECTED: frozenset(),
}
