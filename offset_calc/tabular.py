"""Tables that people upload: CSV in any encoding that Excel writes (Shift_JIS too) and XLSX, read row by row within bounds."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any

from offset_calc.errors import OffsetCalcError, Params

MAX_BYTES = 100 * 1024 * 1024
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_CHUNK = 1024 * 1024
DELIMITERS = ",\t;"
_FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


class TableRefused(OffsetCalcError):
    """The file as a whole cannot be read; `reason`: too_large, too_many_rows, encoding_unknown, broken, empty, columns_missing."""

    code = "table_refused"

    def __init__(self, reason: str, **params: object) -> None:
        super().__init__(f"table refused: {reason}", reason=reason, **params)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong in one row.  row: as the spreadsheet counts, the header included.  column: as the file calls it."""

    row: int
    column: str
    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One data row: its number in the file, texts by canonical field, and the fields that a merged cell leaves open."""

    number: int
    cells: Mapping[str, str]
    merged: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Table:
    """An opened table.  columns: canonical field → header text.  ignored: headers that no alias names."""

    columns: Mapping[str, str]
    ignored: tuple[str, ...]
    rows: Iterator[TableRow]


def open_table(stream: IO[bytes], aliases: Mapping[str, tuple[str, ...]], required: Iterable[str] = ()) -> Table:
    """Open a CSV or XLSX file whose first non-empty row is the header.

    stream: seekable and binary; it is read in pieces and must stay open while rows are taken.  aliases: per canonical field, the
    headers that mean it (any width, case, spacing).  Raises: TableRefused, also while rows are taken.
    """
    _refuse_large(stream)
    grid = _xlsx_grid(stream) if _is_zip(stream) else _csv_grid(stream)
    numbered = ((number, cells, merged) for number, cells, merged in grid if any(cells))
    header = next(numbered, None)
    if header is None:
        raise TableRefused("empty")
    meaning = {_folded(alias): canonical for canonical, names in aliases.items() for alias in (canonical, *names)}
    positions: dict[str, int] = {}
    ignored: list[str] = []
    for position, text in enumerate(header[1]):
        canonical = meaning.get(_folded(text))
        if canonical is not None and canonical not in positions:
            positions[canonical] = position
        elif text:
            ignored.append(text)
    missing = [name for name in required if name not in positions]
    if missing:
        raise TableRefused("columns_missing", missing=tuple(missing), found=tuple(text for text in header[1] if text))
    columns = {canonical: header[1][position] for canonical, position in positions.items()}
    return Table(columns, tuple(ignored), _data_rows(numbered, positions))


def rejected_csv(
    problems: Iterable[tuple[TableRow, Iterable[RowProblem]]], columns: Mapping[str, str]
) -> Iterator[str]:
    """The refused rows as CSV lines, each with its number and the codes of what is wrong, to be mended and sent again."""
    yield _csv_line(["row", "problems", *columns.values()])
    for row, found in problems:
        reasons = "; ".join(f"{problem.column}: {problem.code}" for problem in found)
        yield _csv_line([str(row.number), reasons, *(row.cells.get(name, "") for name in columns)])


def safe_cell(text: str) -> str:
    """A text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def _data_rows(
    numbered: Iterator[tuple[int, list[str], frozenset[int]]], positions: Mapping[str, int]
) -> Iterator[TableRow]:
    for count, (number, cells, merged) in enumerate(numbered, start=1):
        if count > MAX_ROWS:
            raise TableRefused("too_many_rows", most=MAX_ROWS)
        yield TableRow(
            number,
            {name: cells[at] for name, at in positions.items() if at < len(cells) and cells[at]},
            frozenset(name for name, at in positions.items() if at in merged),
        )


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_\-・:()（）\[\]/]+", "", folded)


def _refuse_large(stream: IO[bytes]) -> None:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > MAX_BYTES:
        raise TableRefused("too_large", most_bytes=MAX_BYTES)


def _is_zip(stream: IO[bytes]) -> bool:
    start = stream.read(4)
    stream.seek(0)
    return start == b"PK\x03\x04"


def _csv_grid(stream: IO[bytes]) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    encoding = encoding_of(stream)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    try:
        first = text.readline(_CHUNK)
        delimiter = max(DELIMITERS, key=first.count)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter)
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells[:MAX_COLUMNS]], frozenset()
    except csv.Error as broken:
        raise TableRefused("broken", at=str(broken)) from None
    finally:
        if not stream.closed:
            text.detach()  # the stream is the caller's to close


def encoding_of(stream: IO[bytes]) -> str:
    """The encoding of the whole file: by its mark, else UTF-8 if it is valid, else what Japanese Excel writes (CP932)."""
    start = stream.read(4)
    stream.seek(0)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "cp932")
    for encoding in candidates:
        if _decodes(stream, encoding):
            return encoding
    raise TableRefused("encoding_unknown")


def _decodes(stream: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def _xlsx_grid(stream: IO[bytes]) -> Iterator[tuple[int, list[str], frozenset[int]]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - only when a spreadsheet is read, not at import

    try:
        with zipfile.ZipFile(stream) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise TableRefused("too_large", most_bytes=MAX_UNPACKED_BYTES)
            hidden_by_merge = _merged_cells(archive)
        stream.seek(0)
        workbook = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = workbook.worksheets[0]
            for number, values in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), start=1):
                yield number, [_cell_text(value) for value in values], hidden_by_merge.get(number, frozenset())
        finally:
            workbook.close()
    except TableRefused:
        raise
    except Exception as broken:
        # a damaged workbook raises whatever zip, XML and cell parsers happen to raise: all of it means the same to the sender
        raise TableRefused("broken", at=type(broken).__name__) from broken


_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)"')


def _merged_cells(archive: zipfile.ZipFile) -> dict[int, frozenset[int]]:
    """Cells of the first sheet that a merge leaves without a value of their own: row number → column positions."""
    name = next((n for n in sorted(archive.namelist(), key=_sheet_order) if _SHEET.fullmatch(n)), None)
    if name is None:
        return {}
    hidden: dict[int, set[int]] = {}
    with archive.open(name) as sheet:
        rest = b""
        while chunk := sheet.read(_CHUNK):
            rest = rest[-200:] + chunk
            for left, top, right, bottom in _MERGE.findall(rest):
                _add_merge(hidden, (_position(left), int(top)), (_position(right), int(bottom)))
    return {row: frozenset(columns) for row, columns in hidden.items()}


_SHEET = re.compile(r"xl/worksheets/sheet([0-9]+)\.xml")
_MOST_MERGED_CELLS = 100_000


def _sheet_order(name: str) -> int:
    match = _SHEET.fullmatch(name)
    return int(match[1]) if match else 0


def _add_merge(hidden: dict[int, set[int]], first: tuple[int, int], last: tuple[int, int]) -> None:
    if (last[0] - first[0] + 1) * (last[1] - first[1] + 1) > _MOST_MERGED_CELLS:
        raise TableRefused("broken", at="merged cells")
    for row in range(first[1], last[1] + 1):
        for column in range(first[0], last[0] + 1):
            if (column, row) != first:
                hidden.setdefault(row, set()).add(column)


def _position(letters: bytes) -> int:
    position = 0
    for letter in letters:
        position = position * 26 + letter - 64
    return position - 1


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()
