"""Failures on request: the next calls are answered wrongly, late or not at all."""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """How a call fails, and whether it took effect.

    `SAVED_ERROR_…` is kept under the idempotency key and answered to every repeat, as the provider does; the others are
    not. `HANG_…` keeps the caller waiting.
    """

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    IN_FLIGHT = "in_flight"
    SAVED_ERROR_BEFORE = "saved_error_before"
    SAVED_ERROR_AFTER = "saved_error_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"


SAVED_ERRORS = frozenset({FaultKind.SAVED_ERROR_BEFORE, FaultKind.SAVED_ERROR_AFTER})


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    seconds: float


def add(
    connection: sqlite3.Connection, kind: FaultKind, *, method: str | None, path: str | None, seconds: float, calls: int
) -> None:
    """Let the next `calls` calls of `method` under `path` (None: any) fail; `seconds` is how long a hang lasts."""
    connection.execute(
        "INSERT INTO fault (kind, method, path, seconds, remaining) VALUES (?, ?, ?, ?, ?)",
        [kind, method, path, seconds, calls],
    )


def take(connection: sqlite3.Connection, method: str, path: str) -> Fault | None:
    """The oldest fault that fits this call; one turn of it is used up."""
    row = connection.execute(
        "SELECT * FROM fault WHERE (method IS NULL OR method = :method) AND "
        "(path IS NULL OR substr(:path, 1, length(path)) = path) ORDER BY id LIMIT 1",
        {"method": method, "path": path},
    ).fetchone()
    if row is None:
        return None
    if row["remaining"] == 1:
        connection.execute("DELETE FROM fault WHERE id = ?", [row["id"]])
    else:
        connection.execute("UPDATE fault SET remaining = remaining - 1 WHERE id = ?", [row["id"]])
    return Fault(FaultKind(row["kind"]), row["seconds"])


def clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM fault")
