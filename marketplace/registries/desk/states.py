"""How an application and its items move across the desk. Pure.

Until the notice is confirmed every step can be undone here, though not in the registry; afterwards none can.
"""

from collections.abc import Mapping
from enum import StrEnum


class DeskState(StrEnum):
    """Of an application: frozen, held by a person, done at the registry, its notice entered (where a second person must
    confirm), and the ends."""

    PREPARED = "prepared"
    TAKEN = "taken"
    EXECUTED = "executed"
    NOTICED = "noticed"
    CONFIRMED = "confirmed"
    PARTLY_CONFIRMED = "partly_confirmed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ALLOWED_MOVES: Mapping[DeskState, frozenset[DeskState]] = {
    DeskState.PREPARED: frozenset({DeskState.TAKEN, DeskState.WITHDRAWN}),
    DeskState.TAKEN: frozenset({DeskState.PREPARED, DeskState.EXECUTED, DeskState.REFUSED, DeskState.WITHDRAWN}),
    # back to taken: it was recorded as done but had not been
    DeskState.EXECUTED: frozenset(
        {DeskState.TAKEN, DeskState.NOTICED, DeskState.CONFIRMED, DeskState.PARTLY_CONFIRMED, DeskState.REFUSED}
    ),
    DeskState.NOTICED: frozenset({DeskState.EXECUTED, DeskState.CONFIRMED, DeskState.PARTLY_CONFIRMED}),
    DeskState.CONFIRMED: frozenset(),
    DeskState.PARTLY_CONFIRMED: frozenset(),
    DeskState.REFUSED: frozenset(),
    DeskState.WITHDRAWN: frozenset(),
}
OPEN = (DeskState.PREPARED, DeskState.TAKEN, DeskState.EXECUTED, DeskState.NOTICED)


class ItemState(StrEnum):
    WAITING = "waiting"
    FROZEN = "frozen"
    CONFIRMED = "confirmed"
    PARTLY_CONFIRMED = "partly_confirmed"
    REJECTED = "rejected"


ITEM_MOVES: Mapping[ItemState, frozenset[ItemState]] = {
    ItemState.WAITING: frozenset({ItemState.FROZEN, ItemState.REJECTED}),
    # back to waiting: its application was withdrawn, or the notice left the whole item out
    ItemState.FROZEN: frozenset(
        {ItemState.WAITING, ItemState.CONFIRMED, ItemState.PARTLY_CONFIRMED, ItemState.REJECTED}
    ),
    ItemState.CONFIRMED: frozenset(),
    ItemState.PARTLY_CONFIRMED: frozenset(),
    ItemState.REJECTED: frozenset(),
}


class ApplicationChanged(Exception):
    """The application is not the one that was looked at: its fingerprint differs."""

    code = "application_changed"


def check_unchanged(*, seen: str, fingerprint: str) -> None:
    """What a person saw is what is done. Raises: ApplicationChanged."""
    if seen != fingerprint:
        raise ApplicationChanged(f"seen as {seen[:12]}, is {fingerprint[:12]}")
