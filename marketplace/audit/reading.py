"""The audit trail as people read it, and as files that can be checked elsewhere."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from marketplace.accounts.models import ApiKey, Person
from marketplace.audit.models import AuditEntry
from offset_calc.tabular import safe_cell

COLUMNS = ("position", "at", "actor", "organisation_id", "act", "subject", "reason", "detail", "previous", "seal")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Exact values; empty means any."""

    actor: str = ""
    act: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """`who` is the actor's present name: empty for the console and for whoever was erased."""

    entry: AuditEntry
    who: str


async def page(wanted: Wanted, *, limit: int, before: int | None = None) -> Sequence[Read]:
    """The newest first; `before` is the position where the last page ended."""
    given = {name: value for name in ("actor", "act", "subject") if (value := getattr(wanted, name))}
    chosen = AuditEntry.filter(**given)
    rows = await (chosen.filter(position__lt=before) if before else chosen).order_by("-position").limit(limit)
    ids = {row.actor for row in rows}
    names = {one.id: one.name for one in await Person.filter(id__in=list(ids))}
    names |= {one.id: one.name for one in await ApiKey.filter(id__in=list(ids))}
    return [Read(row, names.get(row.actor, "")) for row in rows]


async def as_json_lines() -> AsyncIterator[str]:
    """One object a line, the oldest first, with everything that the seal covers."""
    async for entry in _all():
        yield json.dumps(_row(entry), ensure_ascii=False, sort_keys=True) + "\n"


async def as_csv() -> AsyncIterator[str]:
    """RFC 4180 with a head. A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    yield _csv_line(COLUMNS)
    async for entry in _all():
        yield _csv_line([_harmless(value) for value in _row(entry).values()])


async def _all() -> AsyncIterator[AuditEntry]:
    after = 0
    while rows := await AuditEntry.filter(position__gt=after).order_by("position").limit(_AT_ONCE):
        for row in rows:
            yield row
        after = rows[-1].position


def _row(entry: AuditEntry) -> dict[str, str | int | None]:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return {name: at if name == "at" else getattr(entry, name) for name in COLUMNS}


def _harmless(value: str | int | None) -> str | int | None:
    return safe_cell(value) if isinstance(value, str) else value


def _csv_line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
