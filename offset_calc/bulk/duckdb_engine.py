"""DuckDB: columnar and out of core.  Files are read where they lie, never loaded as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any

from offset_calc.bulk import duckdb_columns as columns
from offset_calc.bulk.csv_files import as_utf8, header_of
from offset_calc.bulk.plan import COLUMNS, REQUIRED_COLUMNS, Join, Scope, rate_rows
from offset_calc.bulk.rates import RateBook
from offset_calc.bulk.result import BulkRefused
from offset_calc.quantities import Rounding

if TYPE_CHECKING:
    import duckdb

_FETCH = 10_000
_MOST_DIFFERENT = 10_000
_KEYS = ("kind", "unit", "site", "supplier")


@contextmanager
def _unreadable() -> Iterator[None]:
    """What DuckDB cannot read is refused.  Raises: BulkRefused."""
    import duckdb  # noqa: PLC0415

    try:
        yield
    except duckdb.Error as broken:
        raise BulkRefused("unreadable", at=type(broken).__name__) from broken


class DuckDBEngine:
    """A context manager; memory is bounded, what does not fit goes to a directory of its own that is removed at the end."""

    divide = "({top} // {bottom})"
    join = Join()
    places = 3

    def __init__(self, *, memory_limit: str = "2GB", threads: int | None = None) -> None:
        self._memory_limit = memory_limit
        self._threads = threads

    def __enter__(self) -> DuckDBEngine:
        import duckdb  # noqa: PLC0415 - only for bulk runs, not at import

        self._directory = TemporaryDirectory(prefix="offset-calc-bulk-")
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self._memory_limit,
            "temp_directory": self._directory.name,
        }
        if self._threads:
            settings["threads"] = self._threads
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(config=settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        self._directory.cleanup()

    def open(self, source: Path, rates: RateBook, rounding: Rounding) -> None:
        """Make the relations over a Parquet or CSV file.  Raises: BulkRefused."""
        with _unreadable():
            self._open(source)
        self._load_rates(rates, rounding)

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run a statement and stream its rows; take them all before the next statement.

        Raises: BulkRefused for a file that turns out broken while it is read.
        """
        with _unreadable():
            self._connection.execute(sql)
            while rows := self._connection.fetchmany(_FETCH):
                yield from rows

    def broken_rows(self) -> Iterator[tuple[int, str]]:
        """Lines of a CSV that DuckDB could not split into the columns of the header."""
        if self._is_csv:
            yield from self.query("SELECT DISTINCT line, csv_line FROM reject_errors ORDER BY line")

    def _open(self, source: Path) -> None:
        self._is_csv = source.suffix.lower() != ".parquet"
        if self._is_csv:
            path = as_utf8(source, Path(self._directory.name))
            delimiter, header = header_of(path)
            # named by position: a header may hold a name twice, or none
            named = ", ".join(f"'c{at}': 'VARCHAR'" for at in range(len(header)))
            # in parallel, DuckDB cannot read a cell with a line break and a line with too few cells from one file
            options = "auto_detect=false, header=true, quote='\"', escape='\"', null_padding=true, parallel=false"
            options += f", delim='{delimiter}'"
            scan = f"read_csv({columns.literal(str(path))}, {options}, columns={{{named}}}, store_rejects=true)"
            found = {name: (f"c{at}", "VARCHAR") for at, name in reversed(tuple(enumerate(header)))}
        else:
            scan = f"read_parquet({columns.literal(str(source))})"
            described = self.query(f"DESCRIBE SELECT * FROM {scan}")  # noqa: S608 - the path in it is quoted
            found = {str(name).strip().lower(): (str(name), str(kind)) for name, kind, *_ in described}
        missing = [column for column in REQUIRED_COLUMNS if column not in found]
        if missing:
            raise BulkRefused("columns_missing", missing=tuple(missing), found=tuple(found))
        raw = {column: columns.name(found[column][0]) if column in found else "NULL" for column in COLUMNS}
        types = {column: found[column][1] if column in found else "VARCHAR" for column in COLUMNS}
        text = {column: f"COALESCE(CAST({raw[column]} AS VARCHAR), '')" for column in COLUMNS}
        self._scope = Scope()
        # a Parquet file knows its smallest and largest values; a CSV would have to be read for them
        guarded = self._is_csv or self._look_ahead(raw, types, scan)
        quantity, self.places = columns.quantity(raw["quantity"], types["quantity"], guarded=guarded)
        plain = f"""
            {columns.day(raw["date"], types["date"])} AS day,
            {", ".join(f"{columns.key(raw[column], types[column])} AS {column}" for column in _KEYS)},
            {quantity} AS quantity"""
        written = ", ".join(f"{text[column]} AS raw_{column}" for column in COLUMNS)
        # column names come from the file's own header and are quoted, and so is the path
        self._connection.execute(f"CREATE VIEW activity AS SELECT {plain} FROM {scan}")  # noqa: S608
        self._connection.execute(
            f"CREATE VIEW written AS SELECT ROW_NUMBER() OVER () + 1 AS n, {written}, {plain} FROM {scan}"  # noqa: S608
        )

    def _look_ahead(self, raw: dict[str, str], types: dict[str, str], scan: str) -> bool:
        """Learn what makes a quick join; returns whether quantities may lie outside the limits."""
        day = columns.day(raw["date"], types["date"])
        number = raw["quantity"] if columns.is_number(types["quantity"]) else "NULL"
        named = raw["supplier"] != "NULL" and self._answer(f"COUNT({raw['supplier']})", scan)[0] > 0
        # asked one by one, these are answered from the statistics that a Parquet file keeps
        first, last, dated, rows = self._answer(f"MIN({day}), MAX({day}), COUNT({day}), COUNT(*)", scan)
        least, most = self._answer(f"MIN({number}), MAX({number})", scan)
        kinds, units = (self._different(raw[column], scan) for column in ("kind", "unit"))
        if not isinstance(first, date) or not isinstance(last, date):
            first, last, dated = None, None, 0  # no day at all, or one that no calendar of ours knows
        self._scope = Scope(first, last, dated == rows, kinds, units, named)
        return least is None or least < 0 or most > columns.MOST_QUANTITY

    def _answer(self, asked: str, scan: str) -> tuple[Any, ...]:
        return next(self.query(f"SELECT {asked} FROM {scan}"))  # noqa: S608 - quoted names

    def _different(self, column: str, scan: str) -> frozenset[str] | None:
        found = list(self.query(f"SELECT DISTINCT {column} FROM {scan} LIMIT {_MOST_DIFFERENT}"))  # noqa: S608 - as above
        return frozenset(str(text) for (text,) in found) if len(found) < _MOST_DIFFERENT else None

    def _load_rates(self, rates: RateBook, rounding: Rounding) -> None:
        self._connection.execute(
            "CREATE TABLE rate (kind VARCHAR, unit VARCHAR, supplier VARCHAR, day_from DATE, day_to DATE, factor_id VARCHAR, "
            "factor_top BIGINT, addend BIGINT, factor_bottom BIGINT, most BIGINT)"
        )
        file = Path(self._directory.name) / "rates.tsv"
        needed = [rate for rate in rates.of_kinds(self._scope.kinds) if self._scope.needs(rate)]
        self.join = self._scope.join(needed)
        if not needed:
            return
        rows = rate_rows(needed, self.places, rounding)
        file.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
        self._connection.execute(
            f"COPY rate FROM {columns.literal(str(file))} (HEADER false, DELIMITER '\t', QUOTE '', NULL '-')"
        )
