"""The audit trail: an entry seals the one before it, and the database lets nobody change, drop or insert one in between.

Names and addresses never enter it: people stand there by id, so that a name can be erased and the chain still holds.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit.models import AuditEntry
from marketplace.database.dialect import is_postgres
from marketplace.errors import MarketplaceError

_LOCK_KEY = 7_243_006
_PAGE = 1_000


class ReasonMissing(MarketplaceError):
    """An operator's act needs a reason in words."""

    code = "reason_missing"


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """What `verify` found at a position: `gap`, `link` (does not continue the one before) or `seal` (was changed)."""

    position: int
    what: str


async def record(  # noqa: PLR0917 - who, what, to what, why: in the order one says it
    tx: BaseDBAsyncClient,
    actor: Actor,
    act: str,
    subject: str,
    reason: str | None,
    detail: Mapping[str, JsonValue],
    *,
    at: datetime,
) -> None:
    """Write down, in the transaction that does it, that `actor` did `act` to `subject` (an id).

    Call it last: until the transaction ends, everybody else's entries wait. `detail` holds ids and figures, never names,
    addresses or secrets. Raises nothing of its own; the caller checks that a reason is there with `stated`.
    """
    if is_postgres(tx):
        # one entry after the other; SQLite has one writer anyway
        await tx.execute_query_dict(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
    newest = await AuditEntry.all().using_db(tx).order_by("-position").limit(1)
    entry = AuditEntry(
        position=newest[0].position + 1 if newest else 1,
        at=at.astimezone(UTC),
        actor=actor.person_id,
        organisation_id=actor.organisation_id,
        act=act,
        subject=subject,
        reason=reason,
        detail=json.dumps(dict(detail), sort_keys=True, ensure_ascii=False, separators=(",", ":")),
        previous=newest[0].seal if newest else "",
    )
    entry.seal = seal_of(entry)
    await entry.save(using_db=tx, force_create=True)


def stated(reason: str | None) -> str:
    """The reason without blanks around it. Raises ReasonMissing."""
    text = (reason or "").strip()
    if not text:
        raise ReasonMissing("say why")
    return text[:2_000]


def seal_of(entry: AuditEntry) -> str:
    """SHA-256, in hex, over the canonical JSON of everything else in the entry, the previous seal included."""
    said = {
        "position": entry.position,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "organisation_id": entry.organisation_id,
        "act": entry.act,
        "subject": entry.subject,
        "reason": entry.reason,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def verify() -> Sequence[BrokenChain]:
    """Every entry whose seal, link or place is wrong; empty when nobody has touched anything.

    Whoever drops the newest entries and everything after them leaves no trace here: keep the newest seal elsewhere.
    """
    broken: list[BrokenChain] = []
    expected, previous = 1, ""
    while page := await AuditEntry.filter(position__gte=expected).order_by("position").limit(_PAGE):
        for entry in page:
            if entry.position != expected:
                broken.append(BrokenChain(entry.position, "gap"))
            elif entry.previous != previous:
                broken.append(BrokenChain(entry.position, "link"))
            if entry.seal != seal_of(entry):
                broken.append(BrokenChain(entry.position, "seal"))
            expected, previous = entry.position + 1, entry.seal
    return broken


async def newest_seal() -> str | None:
    """What to keep elsewhere: whoever has it notices when the trail is cut off behind it."""
    newest = await AuditEntry.all().order_by("-position").limit(1)
    return newest[0].seal if newest else None
