"""Cancellation applications in the sandbox registry: taken, decided when due, final. Inside the caller's transaction.

An application is decided by whichever request comes by first once it is due, so a decision needs no clockwork of its own
and survives a kill; it is dated with the moment it was due, not with the moment somebody asked.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from sqlite3 import Connection, Row
from typing import Any

from marketplace.registries.protocol import RejectionReason, WireApplication
from marketplace.registries.sandbox import books
from marketplace.registries.sandbox.faults import IN_THE_BOOKS, FaultKind
from marketplace.registries.sandbox.schedule import JAPAN, Schedule

_CANCELLED_BEFORE_ITS_END = "SELECT last FROM cancelled WHERE block = ? AND first <= ? ORDER BY first DESC LIMIT 1"
_PENDING_BEFORE_ITS_END = "SELECT last FROM application WHERE state = 'pending' AND block = ? AND first <= ? AND id <> ? ORDER BY first DESC LIMIT 1"


class ReferenceTaken(Exception):
    """This client has already used the reference; ask for it instead of applying again."""

    code = "reference_taken"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What an application wants done."""

    account: str
    block: str
    first: int
    last: int
    act: str


@dataclass(frozen=True, slots=True)
class _Pending:
    """An application that waits for its decision."""

    id: int
    wish: _Wish
    fault: FaultKind | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice with what its document needs; `document` is None until it was first drawn."""

    account: str
    facts: dict[str, Any]
    document: bytes | None
    title: str
    serial_prefix: str


def moment_text(moment: datetime) -> str:
    """UTC with microseconds always written, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def apply(
    db: Connection,
    wish: WireApplication,
    *,
    client: str,
    now: datetime,
    schedule: Schedule,
    unique_references: bool,
    fault: FaultKind | None,
) -> dict[str, Any]:
    """Take one application and return it as kept. Raises: ReferenceTaken."""
    decide_due(db, now)
    if unique_references and by_reference(db, client, wish.reference):
        raise ReferenceTaken(wish.reference)
    reason = _refusal(db, _Wish(wish.account, wish.block, wish.serials.first, wish.serials.last, wish.act))
    if fault is FaultKind.ALREADY_CANCELLED:
        reason = RejectionReason.ALREADY_CANCELLED
    row = {
        "client": client,
        "unique_reference": f"{client}\n{wish.reference}" if unique_references else None,
        "first": wish.serials.first,
        "last": wish.serials.last,
        "state": "rejected" if reason else "pending",
        "rejection_reason": reason,
        "fault": fault if fault in IN_THE_BOOKS else None,
        "submitted_at": moment_text(now),
        "due_at": moment_text(schedule.decision_moment(now)),
        "decided_at": moment_text(now) if reason else None,
    } | wish.model_dump(exclude={"serials", "tonnes"})
    columns, slots = ", ".join(row), ", ".join(f":{column}" for column in row)
    taken = db.execute(f"INSERT INTO application ({columns}) VALUES ({slots})", row)  # noqa: S608 - own names
    decide_due(db, now)
    return _shown(db, "application.id = ?", (taken.lastrowid,))[0]


def _refusal(db: Connection, wish: _Wish, *, deciding: int = 0) -> RejectionReason | None:
    """The first rule that stands against it now; `deciding` is the application's own number once it has one."""
    return next(_broken_rules(db, wish, deciding), None)


def _broken_rules(db: Connection, wish: _Wish, deciding: int) -> Iterator[RejectionReason]:
    acts = books.acts_of(db, wish.block)
    if acts is None:
        yield RejectionReason.BLOCK_UNKNOWN
    elif wish.act not in acts:
        yield RejectionReason.ACT_NOT_OFFERED
    if not books.block_contains(db, wish.block, wish.first, wish.last):
        yield RejectionReason.SERIALS_OUTSIDE_BLOCK
    if _reached(db, wish, _CANCELLED_BEFORE_ITS_END):
        yield RejectionReason.ALREADY_CANCELLED
    if not books.holds_all(db, wish.account, wish.block, wish.first, wish.last):
        yield RejectionReason.NOT_HELD_BY_ACCOUNT
    if _reached(db, wish, _PENDING_BEFORE_ITS_END, deciding):
        yield RejectionReason.IN_ANOTHER_APPLICATION


def _reached(db: Connection, wish: _Wish, before_its_end: str, *values: int) -> bool:
    """Whether the wish overlaps any span, given the query for the last that begins before its end: spans never overlap each
    other, so the earlier ones end before that one begins."""
    nearest = db.execute(before_its_end, (wish.block, wish.last, *values)).fetchone()
    return nearest is not None and nearest["last"] >= wish.first


def decide_due(db: Connection, now: datetime) -> None:
    """Decide everything that is due, in the order in which it became due."""
    rows = db.execute(
        "SELECT id, account, block, first, last, act, fault, due_at FROM application"
        " WHERE state = 'pending' AND due_at <= ? ORDER BY due_at, id",
        (moment_text(now),),
    ).fetchall()
    for row in rows:
        wish = _Wish(row["account"], row["block"], row["first"], row["last"], row["act"])
        fault = FaultKind(row["fault"]) if row["fault"] else None
        _decide(db, _Pending(row["id"], wish, fault, datetime.fromisoformat(row["due_at"])))


def _decide(db: Connection, pending: _Pending) -> None:
    wish = pending.wish
    reason = _refusal(db, wish, deciding=pending.id)
    db.execute(
        "UPDATE application SET state = ?, rejection_reason = ?, decided_at = ? WHERE id = ?",
        ("rejected" if reason else "confirmed", reason, moment_text(pending.due_at), pending.id),
    )
    if reason:
        return
    last = wish.last
    if pending.fault is FaultKind.PARTIAL_ACCEPTANCE:  # the first half; a single tonne cannot be parted
        last = max(wish.first, wish.first + (wish.last - wish.first + 1) // 2 - 1)
    books.take_out(db, wish.account, wish.block, wish.first, last)
    db.execute(
        "INSERT INTO cancelled (block, first, last, application) VALUES (?, ?, ?, ?)",
        (wish.block, wish.first, last, pending.id),
    )
    _write_notice(db, pending, last)


def _write_notice(db: Connection, pending: _Pending, last: int) -> None:
    texts = db.execute(
        "SELECT act, purpose, purpose_detail, credit_user FROM application WHERE id = ?", (pending.id,)
    ).fetchone()
    wish = pending.wish
    recorded_on = pending.due_at.astimezone(JAPAN).date()
    facts = {
        "number": f"SBX-{recorded_on.year}-{pending.id:08d}",
        "recorded_on": recorded_on.isoformat(),
        "block": wish.block,
        "serials": [{"first": wish.first, "last": last}],
        "tonnes": last - wish.first + 1,
    } | dict(texts)
    facts |= _misstated(db, pending, last)
    db.execute(
        "INSERT INTO notice (number, application, facts) VALUES (?, ?, ?)",
        (facts["number"], pending.id, json.dumps(facts, ensure_ascii=False)),
    )


def _misstated(db: Connection, pending: _Pending, last: int) -> dict[str, Any]:
    """What a clerk's slip makes the notice say instead of the truth; the books themselves are right."""
    wish = pending.wish
    match pending.fault:
        case FaultKind.WRONG_SERIALS:
            return {"serials": [{"first": wish.first + 1, "last": last + 1}]}
        case FaultKind.WRONG_AMOUNT:
            return {"tonnes": last - wish.first + 2}
        case FaultKind.WRONG_TEXT:
            return {"credit_user": "another user"}
        case FaultKind.WRONG_ACT:
            return {"act": "another_act"}
        case FaultKind.ANOTHER_ACCOUNTS_SERIALS:
            return _serials_of_someone_else(db, wish)
        case _:
            return {}


def _serials_of_someone_else(db: Connection, wish: _Wish) -> dict[str, Any]:
    """Serials another account holds or, where nobody else holds any, the ones after the block's end."""
    row = db.execute("SELECT block, first, last FROM holding WHERE account <> ? LIMIT 1", (wish.account,)).fetchone()
    if row is None:
        row = db.execute(
            "SELECT id AS block, last + 1 AS first, last + 1 AS last FROM block WHERE id = ?", (wish.block,)
        )
        row = row.fetchone()
    return {
        "block": row["block"],
        "serials": [{"first": row["first"], "last": row["last"]}],
        "tonnes": row["last"] - row["first"] + 1,
    }


def by_reference(db: Connection, client: str, reference: str) -> Sequence[dict[str, Any]]:
    return _shown(db, "application.client = ? AND application.reference = ?", (client, reference))


def of_account(db: Connection, account: str, after: int, limit: int) -> Sequence[dict[str, Any]]:
    """Oldest first; each item carries its own number as `id` for the next page."""
    return _shown(db, "application.account = ? AND application.id > ?", (account, after), limit)


def notice(db: Connection, number: str) -> KeptNotice | None:
    row = db.execute(
        "SELECT application.account, notice.facts, notice.document, block.title, block.serial_prefix FROM notice"
        " JOIN application ON application.id = notice.application JOIN block ON block.id = application.block"
        " WHERE notice.number = ?",
        (number,),
    ).fetchone()
    return KeptNotice(**dict(row) | {"facts": json.loads(row["facts"])}) if row else None


def keep_document(db: Connection, number: str, document: bytes) -> bytes:
    """Keep the document drawn first, for ever; returns the one kept."""
    db.execute("UPDATE notice SET document = ? WHERE number = ? AND document IS NULL", (document, number))
    kept = db.execute("SELECT document FROM notice WHERE number = ?", (number,)).fetchone()["document"]
    return bytes(kept)


def _shown(db: Connection, where: str, values: tuple[Any, ...], limit: int = 1000) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT application.*, notice.facts FROM application LEFT JOIN notice ON notice.application = application.id"  # noqa: S608
        f" WHERE {where} ORDER BY application.id LIMIT ?",
        (*values, limit),
    )
    return [_as_wire(row) for row in rows]


def _as_wire(row: Row) -> dict[str, Any]:
    same = ("id", "reference", "account", "block", "act", "purpose", "purpose_detail", "credit_user")
    shown = {name: row[name] for name in (*same, "state", "submitted_at", "decided_at", "rejection_reason")}
    return shown | {
        "serials": {"first": row["first"], "last": row["last"]},
        "tonnes": row["last"] - row["first"] + 1,
        "expected_at": row["due_at"],
        "notice": json.loads(row["facts"]) if row["facts"] else None,
    }
