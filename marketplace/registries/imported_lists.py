"""Holdings and cancellations of an account as a CSV file, for registries that are read by people.

No registry publishes an export format, so this is our own: a head row with the column names below, in any order, UTF-8 or
Shift_JIS, digits of any width. A file is taken whole or refused with every faulty row named.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import HoldingReport
from marketplace.registries.reconciliation import RecordedCancellation

HOLDING_COLUMNS = ("account", "block", "serial_first", "serial_last")
CANCELLATION_COLUMNS = (*HOLDING_COLUMNS, "notice_number", "recorded_on")
MOST_DIGITS = 15
Entry = TypeVar("Entry", HoldingReport, RecordedCancellation)


@dataclass(frozen=True, slots=True)
class RowFault:
    """`row` counts lines from 1, the head row included. `code` is cell_missing, not_a_serial, serials_reversed,
    not_a_date or serials_listed_twice; `column` is empty where the whole row is meant."""

    row: int
    column: str
    code: str


class ListRefused(Exception):
    """The file cannot be taken as a list; `faults` name every row at fault, `missing` the columns that are not there."""

    code = "list_refused"

    def __init__(self, faults: Sequence[RowFault] = (), missing: Sequence[str] = ()) -> None:
        super().__init__(f"{len(faults)} faulty rows, missing columns: {', '.join(missing) or 'none'}")
        self.faults, self.missing = tuple(faults), tuple(missing)


class _CellRefused(Exception):
    """Becomes a RowFault; never leaves this module."""

    def __init__(self, column: str, fault: str) -> None:
        super().__init__(f"{column}: {fault}")
        self.column, self.fault = column, fault


def read_holdings(content: bytes) -> tuple[HoldingReport, ...]:
    """Raises: ListRefused."""
    return _read(content, HOLDING_COLUMNS, lambda row: HoldingReport(row["account"], row["block"], _serials(row)))


def read_cancellations(content: bytes) -> tuple[RecordedCancellation, ...]:
    """Raises: ListRefused."""

    def entry(row: dict[str, str]) -> RecordedCancellation:
        return RecordedCancellation(
            account=row["account"],
            block=row["block"],
            serials=_serials(row),
            recorded_on=_date(row, "recorded_on"),
            notice_number=row["notice_number"],
        )

    return _read(content, CANCELLATION_COLUMNS, entry)


def _read(content: bytes, columns: Sequence[str], entry: Callable[[dict[str, str]], Entry]) -> tuple[Entry, ...]:
    reader = csv.DictReader(io.StringIO(_text(content), newline=""))
    if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
        raise ListRefused(missing=missing)
    entries: list[tuple[int, Entry]] = []
    faults: list[RowFault] = []
    for cells in reader:
        row = {column: unicodedata.normalize("NFKC", cells[column] or "").strip() for column in columns}
        try:
            for column in columns:
                if not row[column]:
                    raise _CellRefused(column, "cell_missing")
            entries.append((reader.line_num, entry(row)))
        except _CellRefused as refused:
            faults.append(RowFault(reader.line_num, refused.column, refused.fault))
    faults += [RowFault(number, "", "serials_listed_twice") for number in _repeating(entries)]
    if faults:
        raise ListRefused(sorted(faults, key=lambda fault: fault.row))
    return tuple(one for _, one in entries)


def _repeating(entries: Sequence[tuple[int, Entry]]) -> Iterator[int]:
    """The rows that repeat a serial of a row with lower serials in the same block."""
    highest: dict[str, int] = {}
    for number, one in sorted(entries, key=lambda row: (row[1].block, row[1].serials, row[0])):
        if one.serials.first <= highest.get(one.block, 0):
            yield number
        highest[one.block] = max(one.serials.last, highest.get(one.block, 0))


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListRefused


def _serials(row: dict[str, str]) -> SerialRange:
    first, last = _serial(row, "serial_first"), _serial(row, "serial_last")
    if last < first:
        raise _CellRefused("serial_last", "serials_reversed")
    return SerialRange(first, last)


def _serial(row: dict[str, str], column: str) -> int:
    text = row[column].replace(",", "")
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS or int(text) == 0:
        raise _CellRefused(column, "not_a_serial")
    return int(text)


def _date(row: dict[str, str], column: str) -> date:
    try:
        return date.fromisoformat(row[column].replace("/", "-"))
    except ValueError as error:
        raise _CellRefused(column, "not_a_date") from error
