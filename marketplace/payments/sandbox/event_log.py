"""The recorded events, read back: what a poller finds although every webhook was lost."""

import json

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, no_such
from marketplace.payments.sandbox.listing import bounds, listed
from marketplace.payments.sandbox.parameters import EventList


def retrieve(books: Books, _parameters: object, event_id: str) -> JsonObject:
    row = books.connection.execute("SELECT body FROM event WHERE id = ?", [event_id]).fetchone()
    if row is None:
        raise no_such("event", event_id)
    event: JsonObject = json.loads(row["body"])
    return event


def list_all(books: Books, parameters: EventList, _id: str) -> JsonObject:
    """Newest first, as far as they were created in the asked time and are of the asked types."""
    since, until = bounds(parameters.created)
    rows = books.connection.execute(
        "SELECT body FROM event WHERE created BETWEEN :since AND :until "
        "AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types))) "
        "AND (:after IS NULL OR position < (SELECT position FROM event WHERE id = :after)) "
        "ORDER BY created DESC, position DESC LIMIT :most",
        {
            "since": since,
            "until": until,
            "types": None if parameters.types is None else json.dumps(parameters.types),
            "after": parameters.starting_after,
            "most": parameters.limit + 1,
        },
    ).fetchall()
    found = [json.loads(row["body"]) for row in rows]
    return listed("/v1/events", (found[: parameters.limit], len(found) > parameters.limit))
