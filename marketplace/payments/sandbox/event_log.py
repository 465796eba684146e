"""The recorded events, read back: what a poller finds although every webhook was lost."""

import json

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, no_such
from marketplace.payments.sandbox.listing import listed
from marketplace.payments.sandbox.parameters import EventList


def retrieve(books: Books, _parameters: object, event_id: str) -> JsonObject:
    row = books.connection.execute("SELECT body FROM event WHERE id = ?", [event_id]).fetchone()
    if row is None:
        raise no_such("event", event_id)
    event: JsonObject = json.loads(row["body"])
    return event


def list_all(books: Books, parameters: EventList, _id: str) -> JsonObject:
    """Newest first, as far as they were created in the asked time and are of the asked types."""
    rows = books.connection.execute(
        "SELECT body FROM event WHERE (:gt IS NULL OR created > :gt) AND (:gte IS NULL OR created >= :gte) "
        "AND (:lt IS NULL OR created < :lt) AND (:lte IS NULL OR created <= :lte) "
        "AND (:types IS NULL OR type IN (SELECT value FROM json_each(:types))) "
        "AND (:after IS NULL OR position < (SELECT position FROM event WHERE id = :after)) "
        "ORDER BY position DESC LIMIT :most",
        {
            **parameters.created.model_dump(),
            "types": None if parameters.types is None else json.dumps(parameters.types),
            "after": parameters.starting_after,
            "most": parameters.limit + 1,
        },
    ).fetchall()
    found = [json.loads(row["body"]) for row in rows]
    return listed("/v1/events", (found[: parameters.limit], len(found) > parameters.limit))
