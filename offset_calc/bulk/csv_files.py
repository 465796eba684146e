"""CSV files for bulk engines: whatever Excel wrote becomes UTF-8, piece by piece."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

from offset_calc.bulk.result import BulkRefused
from offset_calc.tabular import DELIMITERS, TableRefused, encoding_of

_CHUNK = 1024 * 1024
_ZIP = b"PK\x03\x04"  # how an XLSX begins


def as_utf8(source: Path, directory: Path) -> Path:
    """The file itself if it is UTF-8, else a copy in UTF-8 in `directory`.  Raises: BulkRefused."""
    try:
        with source.open("rb") as stream:
            if stream.read(len(_ZIP)) == _ZIP:
                raise BulkRefused("spreadsheet")
            stream.seek(0)
            encoding = encoding_of(stream)
    except TableRefused as refused:
        raise BulkRefused(refused.reason) from None
    if encoding == "utf-8-sig":
        return source
    copy = directory / "utf8.csv"
    with codecs.open(str(source), "r", encoding) as read, copy.open("w", encoding="utf-8", newline="") as write:
        while chunk := read.read(_CHUNK):
            write.write(chunk)
    return copy


def header_of(path: Path) -> tuple[str, list[str]]:
    """The delimiter, and the names of the header line in lower case.  Raises: BulkRefused."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        line = lines.readline(_CHUNK)
        delimiter = max(DELIMITERS, key=line.count)
        lines.seek(0)
        try:
            header = next(csv.reader(lines, delimiter=delimiter), [])
        except csv.Error as broken:
            raise BulkRefused("unreadable", at=str(broken)) from None
    return delimiter, [name.strip().lower() for name in header]
