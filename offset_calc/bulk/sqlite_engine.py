"""SQLite: the same plan, word for word, on a second engine."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from offset_calc.bulk.csv_files import as_utf8, header_of
from offset_calc.bulk.plan import COLUMNS, REQUIRED_COLUMNS, Join, rate_rows
from offset_calc.bulk.rates import RateBook
from offset_calc.bulk.result import BulkRefused
from offset_calc.quantities import Rounding

_PLAIN_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,3})?")
_PLAIN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLACES = 3


class SQLiteEngine:
    """A context manager over a database in a temporary directory.  Reads CSV only."""

    divide = "({top} / {bottom})"
    join = Join()
    places = _PLACES

    def __enter__(self) -> SQLiteEngine:
        self._directory = TemporaryDirectory(prefix="offset-calc-bulk-")
        self._connection = sqlite3.connect(Path(self._directory.name) / "bulk.db")
        self._broken: list[tuple[int, str]] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._directory.cleanup()

    def open(self, source: Path, rates: RateBook, rounding: Rounding) -> None:
        """Load a CSV file.  Raises: BulkRefused."""
        raw = ", ".join(f"raw_{column} TEXT" for column in COLUMNS)
        self._connection.execute(
            f"CREATE TABLE activity (n INTEGER, day TEXT, kind TEXT, unit TEXT, site TEXT, supplier TEXT, quantity INTEGER, {raw})"
        )
        self._connection.execute(
            "CREATE TABLE rate (kind TEXT, unit TEXT, supplier TEXT, day_from TEXT, day_to TEXT, factor_id TEXT, "
            "factor_top INTEGER, addend INTEGER, factor_bottom INTEGER, most INTEGER)"
        )
        self._connection.execute("CREATE INDEX rate_key ON rate (kind, unit, supplier)")
        rows = rate_rows(rates.of_kinds(None), _PLACES, rounding)
        self._connection.executemany("INSERT INTO rate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        places = ", ".join("?" * (7 + len(COLUMNS)))
        path = as_utf8(source, Path(self._directory.name))
        self._connection.executemany(f"INSERT INTO activity VALUES ({places})", self._rows(path))  # noqa: S608
        self._connection.execute("CREATE VIEW written AS SELECT * FROM activity")
        self._connection.commit()

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run a statement and stream its rows."""
        yield from self._connection.execute(sql)

    def broken_rows(self) -> Iterator[tuple[int, str]]:
        """Rows with more cells than the header."""
        yield from self._broken

    def _rows(self, path: Path) -> Iterator[tuple[object, ...]]:
        delimiter, header = header_of(path)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, delimiter=delimiter)
            next(reader, None)
            missing = [column for column in REQUIRED_COLUMNS if column not in header]
            if missing:
                raise BulkRefused("columns_missing", missing=tuple(missing), found=tuple(header))
            positions = {column: header.index(column) for column in COLUMNS if column in header}
            for number, cells in enumerate(reader, start=2):
                if len(cells) > len(header):
                    self._broken.append((number, ",".join(cells)))
                elif cells:
                    raw = {column: cells[at] if at < len(cells) else "" for column, at in positions.items()}
                    yield _row(number, {column: raw.get(column, "") for column in COLUMNS})


def _row(number: int, raw: dict[str, str]) -> tuple[object, ...]:
    day, quantity = raw["date"].strip(), raw["quantity"].strip()
    thousandths = None
    if _PLAIN_NUMBER.fullmatch(quantity):
        whole, _, part = quantity.partition(".")
        thousandths = int(whole + part.ljust(_PLACES, "0"))
    plain_day = day if _PLAIN_DAY.fullmatch(day) and _is_day(day) else None
    return (number, plain_day, raw["kind"], raw["unit"], raw["site"], raw["supplier"], thousandths, *raw.values())


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
