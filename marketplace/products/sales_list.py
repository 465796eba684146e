"""Read a list of sales and returns from a file: CSV or XLSX, one row each, columns under the names that shops use for them."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from types import MappingProxyType
from typing import IO

from marketplace.clock import JAPAN
from marketplace.products.counting import MOST_UNITS, SALE, Movement, goods_back, sale
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import read_integer
from offset_calc.tabular import RowProblem, TableRow, open_table

MOST_ROWS = 5_000
LONGEST_NUMBER = 200
COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "external_id": ("注文番号", "取引番号", "order", "order id", "order number", "id"),
        "units": ("数量", "個数", "quantity", "qty"),
        "at": ("日時", "日付", "販売日", "注文日", "date", "created at"),
        "return_of": ("返品元", "返品する注文番号", "returns", "return of"),
    }
)
REQUIRED = ("external_id", "units", "at")


@dataclass(frozen=True, slots=True)
class SalesList:
    """`rows`: the row's number in the file and what it says; `refused`: why a row cannot be read."""

    rows: tuple[tuple[int, Movement], ...]
    refused: tuple[RowProblem, ...]
    ignored: tuple[str, ...]


class _CannotRead(ValueError):
    def __init__(self, column: str, code: str, **params: object) -> None:
        super().__init__(code)
        self.column, self.code, self.params = column, code, params


def read_sales_list(stream: IO[bytes]) -> SalesList:
    """Whole units; `at` as 2026-11-20, 2026/11/20 or a moment, in Japan time unless it names another. Raises TableRefused."""
    table = open_table(stream, COLUMNS, REQUIRED)
    rows: list[tuple[int, Movement]] = []
    refused: list[RowProblem] = []
    for row in table.rows:
        try:
            if len(rows) == MOST_ROWS:
                raise _CannotRead("external_id", "too_many_rows", most=MOST_ROWS)
            rows.append((row.number, _movement(row)))
        except _CannotRead as problem:
            refused.append(RowProblem(row.number, table.columns[problem.column], problem.code, problem.params))
            if problem.code == "too_many_rows":
                break
    return SalesList(tuple(rows), tuple(refused), table.ignored)


def as_csv(listed: SalesList) -> str:
    """The rows that could be read, as a file that reads the same again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for _, one in listed.rows:
        of = (one.returns_of or "").removeprefix(SALE)
        writer.writerow([one.external_id, one.units, one.at.isoformat(), of])
    return out.getvalue()


def _movement(row: TableRow) -> Movement:
    external_id, of = _number(row, "external_id"), _number(row, "return_of")
    if not external_id:
        raise _CannotRead("external_id", "required")
    try:
        units = read_integer(row.cells.get("units", ""))
    except QuantityRefused as refused:
        raise _CannotRead("units", refused.reason, **refused.params) from refused
    if not 1 <= units <= MOST_UNITS:
        raise _CannotRead("units", "units_out_of_range", most=MOST_UNITS)
    at = _moment(row.cells.get("at", ""))
    return goods_back(external_id, units, at, of=of) if of else sale(external_id, units, at)


def _number(row: TableRow, column: str) -> str:
    text = row.cells.get(column, "")
    if len(text) > LONGEST_NUMBER or any(not "!" <= letter <= "~" for letter in text):
        raise _CannotRead(column, "own_number_refused", most=LONGEST_NUMBER)
    return text


def _moment(text: str) -> datetime:
    try:
        if len(text) <= len("2026-11-20"):
            year, month, day = text.replace("/", "-").split("-")
            return datetime.combine(date(int(year), int(month), int(day)), time.min, JAPAN)
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise _CannotRead("at", "not_a_date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=JAPAN)
