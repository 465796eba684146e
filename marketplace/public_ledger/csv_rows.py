"""The ledger as CSV for spreadsheets: UTF-8 with a mark, and no cell that a spreadsheet would run as a formula."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from marketplace.public_ledger.entries import LedgerEntry
from offset_calc.tabular import safe_cell

FIELDS = (
    "recorded_on",
    "registry",
    "project",
    "project_name_ja",
    "project_name_en",
    "country",
    "certification_number",
    "serial_first",
    "serial_last",
    "tonnes",
    "act",
    "purpose",
    "notice_number",
    "certificate",
    "beneficiary",
    "invented",
)


def ledger_row(entry: LedgerEntry) -> Mapping[str, str]:
    return {
        "recorded_on": entry.recorded_on.isoformat(),
        "registry": entry.registry,
        "project": entry.project.key,
        "project_name_ja": entry.activity.name_ja,
        "project_name_en": entry.activity.name_en,
        "country": entry.project.country,
        "certification_number": entry.block.certification_number,
        "serial_first": entry.block.serial_text(entry.serials.first),
        "serial_last": entry.block.serial_text(entry.serials.last),
        "tonnes": str(entry.tonnes),
        "act": entry.act.name.ja,
        "purpose": entry.use.name.ja,
        "notice_number": entry.notice_number,
        "certificate": entry.certificate or "",
        "beneficiary": entry.beneficiary or "",
        "invented": "yes" if entry.block.invented else "no",
    }


async def as_csv(
    entries: AsyncIterator[LedgerEntry], fields: Sequence[str], row_of: Callable[[LedgerEntry], Mapping[str, str]]
) -> AsyncIterator[bytes]:
    """Line by line, so that a long ledger takes no memory."""
    yield b"\xef\xbb\xbf" + _line(fields)
    async for entry in entries:
        row = row_of(entry)
        yield _line([safe_cell(row[field]) for field in fields])


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
