"""How an application moves across the desk, and who may move it. Pure.

Until it is carried out it can be withdrawn; afterwards nothing but the registry's notice decides.
"""

from collections.abc import Mapping
from enum import StrEnum


class DeskState(StrEnum):
    PREPARED = "prepared"
    APPROVED = "approved"
    EXECUTED = "executed"
    CONFIRMED = "confirmed"
    PARTLY_CONFIRMED = "partly_confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ALLOWED_MOVES: Mapping[DeskState, frozenset[DeskState]] = {
    DeskState.PREPARED: frozenset({DeskState.APPROVED, DeskState.WITHDRAWN}),
    DeskState.APPROVED: frozenset({DeskState.EXECUTED, DeskState.WITHDRAWN}),
    DeskState.EXECUTED: frozenset({DeskState.CONFIRMED, DeskState.PARTLY_CONFIRMED, DeskState.REFUSED}),
    DeskState.CONFIRMED: frozenset(),
    DeskState.PARTLY_CONFIRMED: frozenset(),  # what remains becomes an application of its own
    DeskState.REFUSED: frozenset(),
    DeskState.WITHDRAWN: frozenset(),
}


class SecondPersonRequired(Exception):
    """With four eyes, whoever carries out an application is not the one who approved it."""

    code = "second_person_required"


class ApplicationChanged(Exception):
    """The application is no longer the one that was approved: its fingerprint differs."""

    code = "application_changed"


def check_execution(
    *, approved_by: str, approved_fingerprint: str, executed_by: str, fingerprint: str, four_eyes: bool
) -> None:
    """May this person carry out this application now? Raises: ApplicationChanged, SecondPersonRequired."""
    if fingerprint != approved_fingerprint:
        raise ApplicationChanged(f"approved as {approved_fingerprint[:12]}, now {fingerprint[:12]}")
    if four_eyes and approved_by == executed_by:
        raise SecondPersonRequired(executed_by)
