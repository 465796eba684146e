"""Transfers between accounts: serials change hands at once, whole tonnes, never while an application waits for them."""

from datetime import datetime
from sqlite3 import Connection
from typing import Any

from marketplace.registries.protocol import RejectionReason, WireTransfer
from marketplace.registries.sandbox import books
from marketplace.registries.sandbox.cancellations import ReferenceTaken, moment_text


class TransferRefused(Exception):
    """The sender does not hold the serials freely, or the receiver has no account here."""

    code = "transfer_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def transfer(db: Connection, wish: WireTransfer, *, client: str, now: datetime) -> dict[str, Any]:
    """Raises: ReferenceTaken, TransferRefused."""
    if by_reference(db, client, wish.reference) is not None:
        raise ReferenceTaken(wish.reference)
    first, last = wish.serials.first, wish.serials.last
    if not books.account_exists(db, wish.to_account):
        raise TransferRefused("account_unknown")
    if not books.holds_all(db, wish.from_account, wish.block, first, last):
        raise TransferRefused(RejectionReason.NOT_HELD_BY_ACCOUNT)
    waiting = "SELECT 1 FROM application WHERE state = 'pending' AND block = ? AND first <= ? AND last >= ?"
    if db.execute(waiting, (wish.block, last, first)).fetchone():
        raise TransferRefused(RejectionReason.IN_ANOTHER_APPLICATION)
    books.take_out(db, wish.from_account, wish.block, first, last)
    books.hold(db, books.HeldRange(wish.block, first, last, wish.to_account))
    row = wish.model_dump(exclude={"serials"}) | {
        "client": client,
        "first": first,
        "last": last,
        "recorded_at": moment_text(now),
    }
    db.execute(
        "INSERT INTO transfer (client, reference, from_account, to_account, block, first, last, recorded_at) VALUES"
        " (:client, :reference, :from_account, :to_account, :block, :first, :last, :recorded_at)",
        row,
    )
    return _as_wire(row)


def by_reference(db: Connection, client: str, reference: str) -> dict[str, Any] | None:
    row = db.execute("SELECT * FROM transfer WHERE client = ? AND reference = ?", (client, reference)).fetchone()
    return _as_wire(dict(row)) if row else None


def _as_wire(row: dict[str, Any]) -> dict[str, Any]:
    same = ("reference", "from_account", "to_account", "block", "recorded_at")
    return {name: row[name] for name in same} | {"serials": {"first": row["first"], "last": row["last"]}}
