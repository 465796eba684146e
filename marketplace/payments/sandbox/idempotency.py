"""The answers kept under idempotency keys: the same key is answered the same, for a day.

Source: https://docs.stripe.com/api/idempotent_requests
"""

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from marketplace.payments.sandbox.errors import ApiError

KEPT_FOR = 24 * 3600
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """`replay_of` is the id of the first request with this key, if this answer is a repeat of that one's."""

    status: int
    body: str
    replay_of: str | None = None


def fingerprint(method: str, path: str, parameters: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([method, path, parameters], sort_keys=True).encode()).hexdigest()


def replay(connection: sqlite3.Connection, key: str, print_: str, *, now: int) -> Answer | None:
    """The kept answer. Raises: ApiError if the key was used with other parameters, or is too long."""
    if len(key) > LONGEST_KEY:
        raise ApiError(
            400, "invalid_request_error", f"Idempotency keys have at most {LONGEST_KEY} characters.", saved=False
        )
    connection.execute("DELETE FROM idempotency WHERE created <= ?", [now - KEPT_FOR])
    row = connection.execute("SELECT * FROM idempotency WHERE key = ?", [key]).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise ApiError(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{key}' if you meant to execute a different request.",
            saved=False,
        )
    return Answer(row["status"], row["body"], replay_of=row["request"])


def keep(connection: sqlite3.Connection, key: str, print_: str, answer: Answer, *, request: str, now: int) -> None:
    connection.execute(
        "INSERT INTO idempotency (key, fingerprint, request, status, body, created) VALUES (?, ?, ?, ?, ?, ?)",
        [key, print_, request, answer.status, answer.body, now],
    )
