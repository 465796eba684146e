"""The public ledger's entries, the latest first. A name stands here only where its owner wants it on the certificate too."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tortoise.connection import get_connection

from certificates import records
from certificates.number import MistypedNumber, NotACertificateNumber, read_number
from certificates.statement import DisclosedField
from certificates.visibility import visibility_of
from marketplace.database.dialect import is_postgres, sql
from marketplace.inventory.models import Block
from marketplace.inventory.serials import SerialRange
from marketplace.projects.catalogue import Activity, Project, load_catalogue
from marketplace.registries.profiles import Act, Use, load_profiles

MOST_DIGITS = 15
_PAGE_OF_A_DOWNLOAD = 500


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One run of serials that a registry has confirmed as cancelled. One serial is one tonne.

    `certificate` is None until it is issued, and for one whose page its owner has closed; `beneficiary` is None unless it is
    public.
    """

    id: str
    recorded_on: date
    registry: str
    block: Block
    serials: SerialRange
    act: Act
    use: Use
    notice_number: str
    certificate: str | None
    beneficiary: str | None

    @property
    def tonnes(self) -> int:
        return len(self.serials)

    @property
    def project(self) -> Project:
        return load_catalogue()[self.block.project_key]

    @property
    def activity(self) -> Activity:
        return self.project.activity(self.block.methodology)


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """`text`: a certificate number, a serial as the registry writes it, a project's key, or a part of its name."""

    registry: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended."""

    recorded_on: date
    id: str


_COLUMNS = """
SELECT r.id, r.recorded_on, r.registry, r.request, r.notice_number, i.block_id, i.first_serial, i.last_serial,
       COALESCE(p.number, o.certificate_number) AS certificate_number
  FROM retirement r JOIN unit_interval i ON i.id = r.interval_id JOIN block b ON b.id = i.block_id
  JOIN buyer_order o ON o.id = r.order_id LEFT JOIN certified_part p ON p.retirement_id = r.id
 WHERE r.state = 'confirmed'"""


async def find_entries(wanted: LedgerFilter, *, limit: int, after: Place | None = None) -> Sequence[LedgerEntry]:
    """Up to `limit` entries, by day of record and then by id, both descending."""
    conditions, values = await _conditions(wanted)
    connection = get_connection("default")
    if after is not None:
        day: Any = after.recorded_on if is_postgres(connection) else after.recorded_on.isoformat()
        conditions.append("(r.recorded_on < ? OR (r.recorded_on = ? AND r.id < ?))")
        values += [day, day, after.id]
    where = "".join(f" AND {condition}" for condition in conditions)
    query = f"{_COLUMNS}{where} ORDER BY r.recorded_on DESC, r.id DESC LIMIT ?"
    rows = await connection.execute_query_dict(sql(connection, query), [*values, limit])
    return await _entries(rows)


async def every_entry(wanted: LedgerFilter) -> AsyncIterator[LedgerEntry]:
    """For downloads: all of them, read in pages, so that memory stays bounded."""
    after = None
    while page := await find_entries(wanted, limit=_PAGE_OF_A_DOWNLOAD, after=after):
        for entry in page:
            yield entry
        after = Place(page[-1].recorded_on, page[-1].id)


async def _conditions(wanted: LedgerFilter) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.registry is not None:
        conditions.append("r.registry = ?")
        values.append(wanted.registry)
    if text := wanted.text.strip():
        ways, found = await _meanings(text)
        # what can mean nothing finds nothing
        conditions.append(f"({' OR '.join(ways) or '1 = 0'})")
        values += found
    return conditions, values


async def _meanings(text: str) -> tuple[list[str], list[Any]]:
    ways: list[str] = []
    values: list[Any] = []
    number = _certificate_number(text)
    if number is not None and await _is_listed(number):
        ways.append("COALESCE(p.number, o.certificate_number) = ?")
        values.append(number)
    if projects := _projects(text):
        ways.append(f"b.project_key IN ({', '.join('?' * len(projects))})")
        values += projects
    for block in await Block.all().only("id", "serial_prefix"):
        digits = text.removeprefix(block.serial_prefix)
        if (
            text.startswith(block.serial_prefix)
            and digits.isascii()
            and digits.isdigit()
            and len(digits) <= MOST_DIGITS
        ):
            ways.append("(i.block_id = ? AND i.first_serial <= ? AND i.last_serial >= ?)")
            values += [block.id, int(digits), int(digits)]
    return ways, values


def _certificate_number(text: str) -> str | None:
    try:
        return read_number(text)
    except (NotACertificateNumber, MistypedNumber):
        return None


async def _is_listed(number: str) -> bool:
    """A search must not tell which cancellation stands behind a certificate whose page is closed."""
    found = await records.find_all([number])
    return number in found and (await visibility_of(found[number])).listed


def _projects(text: str) -> list[str]:
    wanted = text.casefold()
    return [
        project.key
        for project in load_catalogue().values()
        if wanted == project.key.casefold()
        or any(wanted in name.casefold() for one in project.activities for name in (one.name_ja, one.name_en))
    ]


async def _entries(rows: Sequence[dict[str, Any]]) -> Sequence[LedgerEntry]:
    blocks = {block.id: block for block in await Block.filter(id__in={row["block_id"] for row in rows})}
    public = await _public({row["certificate_number"] for row in rows} - {None})
    return [_entry(row, blocks[row["block_id"]], public) for row in rows]


def _entry(row: dict[str, Any], block: Block, public: dict[str, str | None]) -> LedgerEntry:
    request, profile = json.loads(row["request"]), load_profiles()[row["registry"]]
    day = row["recorded_on"]
    entry = LedgerEntry(
        id=row["id"],
        recorded_on=day if isinstance(day, date) else date.fromisoformat(day),
        registry=row["registry"],
        block=block,
        serials=SerialRange(row["first_serial"], row["last_serial"]),
        act=profile.act(request["act"]),
        use=profile.use(request["purpose"]),
        notice_number=row["notice_number"],
        certificate=None,
        beneficiary=None,
    )
    number = row["certificate_number"]
    return replace(entry, certificate=number, beneficiary=public[number]) if number in public else entry


async def _public(numbers: set[str]) -> dict[str, str | None]:
    """The beneficiary, if it may be named, of each of these certificates whose page is open to everyone."""
    shown: dict[str, str | None] = {}
    for number, record in (await records.find_all(numbers)).items():
        visibility = await visibility_of(record)
        if visibility.listed:
            hidden = DisclosedField.BENEFICIARY in visibility.hidden
            text = None if hidden else record.disclosures.get(DisclosedField.BENEFICIARY)
            shown[number] = text.value if text is not None else None
    return shown
