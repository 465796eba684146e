"""The provider's books during one transaction: its objects, and the events that tell of their changes."""

import json
import secrets
import sqlite3
from collections.abc import Sequence

from marketplace.payments.sandbox import clock, events
from marketplace.payments.sandbox.errors import JsonObject, no_such

PREFIXES = {
    "checkout.session": "cs_test",
    "customer": "cus",
    "item": "li",
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "dispute": "du",
    "payment_method": "pm",
    "product": "prod",
    "price": "price",
    "subscription": "sub",
    "subscription_item": "si",
    "invoice": "in",
    "line_item": "il",
    "invoice_payment": "inpay",
    "billing_portal.session": "bps",
    "account": "acct",
    "account_link": "link",
    "transfer": "tr",
    "transfer_reversal": "trr",
}

# objects that do not say whether they are of the live or of the test mode
WITHOUT_MODE = frozenset({"refund", "account", "account_link", "transfer_reversal"})


class Books:
    """Objects are plain JSON with `id` and `object` (their kind), as the API shows them."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        subscribed: frozenset[str] | None,
        request: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        """`subscribed` are the event types that the webhook wants, None for all.

        `request` and `idempotency_key` are of the call that causes the changes; its events name them.
        """
        self.connection = connection
        self._subscribed = subscribed
        self.now = int(clock.now(connection))
        self._cause: JsonObject = {"id": request, "idempotency_key": idempotency_key}

    def new_id(self, kind: str) -> str:
        """An id nobody can guess."""
        return f"{PREFIXES[kind]}_{secrets.token_hex(16)}"

    def add(self, kind: str, fields: JsonObject, *, parent: str | None = None, due: int | None = None) -> JsonObject:
        """A new object of this kind, under a new id unless `fields` bring one."""
        thing = {
            "id": fields["id"] if "id" in fields else self.new_id(kind),
            "object": kind,
            "created": self.now,
            **({} if kind in WITHOUT_MODE else {"livemode": False}),
            **fields,
        }
        self.connection.execute(
            "INSERT INTO object (id, kind, parent, due, body) VALUES (?, ?, ?, ?, ?)",
            [thing["id"], kind, parent, due, json.dumps(thing)],
        )
        return thing

    def save(self, thing: JsonObject, *, due: int | None = None) -> None:
        """Write back a changed object. `due` replaces the earlier one: None means that nothing waits for it any more."""
        self.connection.execute(
            "UPDATE object SET body = ?, due = ? WHERE id = ?", [json.dumps(thing), due, thing["id"]]
        )

    def get(self, kind: str, object_id: str, *, param: str = "id") -> JsonObject:
        """Raises: ApiError 404, naming `param`."""
        row = self.connection.execute("SELECT body FROM object WHERE id = ? AND kind = ?", [object_id, kind]).fetchone()
        if row is None:
            raise no_such(kind, object_id, param=param)
        return _object(row)

    def any(self, object_id: str) -> JsonObject | None:
        row = self.connection.execute("SELECT body FROM object WHERE id = ?", [object_id]).fetchone()
        return None if row is None else _object(row)

    def parent(self, thing: JsonObject) -> str | None:
        """The id of what `thing` belongs to."""
        row = self.connection.execute("SELECT parent FROM object WHERE id = ?", [thing["id"]]).fetchone()
        parent: str | None = row["parent"]
        return parent

    def children(self, kind: str, parent: str) -> list[JsonObject]:
        """The objects of this kind that belong to `parent`, oldest first."""
        rows = self.connection.execute(
            "SELECT body FROM object WHERE kind = ? AND parent = ? ORDER BY position", [kind, parent]
        )
        return [_object(row) for row in rows]

    def next_due(self) -> JsonObject | None:
        """The first thing that should have happened by itself until now."""
        row = self.connection.execute(
            "SELECT body FROM object WHERE due IS NOT NULL AND due <= ? ORDER BY due, position LIMIT 1", [self.now]
        ).fetchone()
        return None if row is None else _object(row)

    def page(
        self, kind: str, *, parent: str | None, limit: int, starting_after: str | None
    ) -> tuple[Sequence[JsonObject], bool]:
        """Up to `limit` objects, newest first, from after `starting_after`; and whether there are more."""
        of_parent = "" if parent is None else "AND parent = :parent "
        rows = self.connection.execute(
            f"SELECT body FROM object WHERE kind = :kind {of_parent}"  # noqa: S608  # one of two fixed texts
            "AND (:after IS NULL OR position < (SELECT position FROM object WHERE id = :after)) "
            "ORDER BY position DESC LIMIT :most",
            {"kind": kind, "parent": parent, "after": starting_after, "most": limit + 1},
        ).fetchall()
        return [_object(row) for row in rows[:limit]], len(rows) > limit

    def tell(self, event_type: str, thing: JsonObject) -> None:
        """Record that this happened to `thing`, and queue the webhook if it is subscribed to."""
        now = clock.now(self.connection)
        event_id = events.record(self.connection, event_type, thing, now=now, cause=self._cause)
        if self._subscribed is None or event_type in self._subscribed:
            events.queue(self.connection, event_id, event_type, now=now)


def _object(row: sqlite3.Row) -> JsonObject:
    thing: JsonObject = json.loads(row["body"])
    return thing
