"""Events: recorded in the transaction that causes them, and queued for delivery, or not, as was asked for."""

import json
import secrets
import sqlite3
from collections.abc import Sequence

from marketplace.payments.sandbox.errors import JsonObject

API_VERSION = "2026-10-28.endive"


def record(connection: sqlite3.Connection, event_type: str, thing: JsonObject, *, now: float, cause: JsonObject) -> str:
    """Keep the event with a copy of `thing` as it is now; returns its id."""
    event_id = f"evt_{secrets.token_hex(12)}"
    event = {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": int(now),
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": cause,
        "type": event_type,
    }
    connection.execute(
        "INSERT INTO event (id, type, created, body) VALUES (?, ?, ?, ?)",
        [event_id, event_type, event["created"], json.dumps(event)],
    )
    return event_id


def queue(connection: sqlite3.Connection, event_id: str, event_type: str, *, now: float) -> None:
    """Queue the event's webhook, or do what the oldest rule that fits asks for instead."""
    for state, due in _plan(connection, event_type, now):
        connection.execute("INSERT INTO delivery (event, state, due) VALUES (?, ?, ?)", [event_id, state, due])


def _plan(connection: sqlite3.Connection, event_type: str, now: float) -> Sequence[tuple[str, float]]:
    """The deliveries of the next event of this type; uses up one turn of the oldest rule that fits."""
    rule = connection.execute(
        "SELECT * FROM event_rule WHERE type IS NULL OR type = ? ORDER BY id LIMIT 1", [event_type]
    ).fetchone()
    if rule is None:
        return [("queued", now)]
    if rule["remaining"] == 1:
        connection.execute("DELETE FROM event_rule WHERE id = ?", [rule["id"]])
    else:
        connection.execute("UPDATE event_rule SET remaining = remaining - 1 WHERE id = ?", [rule["id"]])
    match rule["action"]:
        case "drop":
            return [("dropped", now)]
        case "hold":
            return [("held", now)]
        case "duplicate":
            return [("queued", now)] * rule["copies"]
        case _:
            return [("queued", now + rule["seconds"])]
