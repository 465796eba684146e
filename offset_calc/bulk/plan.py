"""The plan of a bulk run as plain SQL in 64-bit whole numbers: two relations, one join, one grouping.

activity(day, kind, unit, site, supplier, quantity) holds one row per data row; quantity is a whole number of 10⁻ᵖ units, and NULL
where what was written is not plainly a number.  written is the same with the row's number n and `raw_…` columns that hold what was
written; it is only asked for when something is left over.  rate holds one row per kind, unit, supplier and span of days; the
grams of a row are (quantity × factor_top + addend) ÷ factor_bottom, rounded down, as long as quantity ≤ most, beyond which 64 bits
would not do.  What this cannot compute (NULL grams) is left over and read by the library itself, with the rules of a form.

Nothing but a join, a grouping and whole numbers is asked of the engine, so that the plan runs on any SQL engine; an engine
supplies the relations and the spelling of a division that rounds down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from offset_calc.bulk.rates import ELECTRICITY, Rate, RateBook
from offset_calc.quantities import Rounding

COLUMNS = ("date", "kind", "quantity", "unit", "site", "supplier")
REQUIRED_COLUMNS = ("date", "kind", "quantity", "unit")
GROUPS = {
    "site": "site",
    "kind": "kind",
    "unit": "unit",
    "factor": "factor_id",
    "supplier": "supplier",
    "month": "substr(CAST(day AS VARCHAR(10)), 1, 7)",
}
RATE_COLUMNS = (
    "kind", "unit", "supplier", "day_from", "day_to", "factor_id", "factor_top", "addend", "factor_bottom", "most",
)  # fmt: skip
_LARGEST = 2**63 - 1

_JOINED = """
    SELECT a.*, r.factor_id,
           CASE WHEN {fits} THEN {divide} END AS grams
    FROM {relation} a
    LEFT JOIN rate r ON {joins}
"""


_DETAILS = "".join(
    f", {function}(CASE WHEN grams IS NOT NULL THEN {column} END) AS {name}"
    for function, column, name in (
        ("SUM", "quantity", "quantity"),
        ("MIN", "CAST(day AS VARCHAR(10))", "first_day"),
        ("MAX", "CAST(day AS VARCHAR(10))", "last_day"),
    )
)


class RateRow(NamedTuple):
    """A row of the relation rate, in the order of RATE_COLUMNS; days as ISO texts."""

    kind: str
    unit: str
    supplier: str
    day_from: str
    day_to: str
    factor_id: str
    factor_top: int
    addend: int
    factor_bottom: int
    most: int


class Join(NamedTuple):
    """What finds the rate of a row besides its kind and unit; a join on fewer columns is much cheaper.

    on_supplier: whether any row names a supplier.  on_day: whether a row may have no day, or one on which its rate is out of force.  kind_is_enough:
    whether no kind has more than one rate, so that the rest only has to fit.
    """

    on_supplier: bool = True
    on_day: bool = True
    kind_is_enough: bool = False


class Scope(NamedTuple):
    """What is known of a file before it is read: its first and last day, the kinds and units in it; None where not known.

    all_dated: whether every row has a day.  names_suppliers: whether any row may name a supplier.
    """

    first: date | None = None
    last: date | None = None
    all_dated: bool = False
    kinds: frozenset[str] | None = None
    units: frozenset[str] | None = None

    names_suppliers: bool = True

    def needs(self, rate: Rate) -> bool:
        """Whether some row of the file can ask for a rate.  A small relation of rates makes a quick join."""
        begun = self.last is None or rate.day_from <= self.last
        not_over = self.first is None or self.first <= rate.day_to
        used = self.units is None or rate.unit in self.units
        return begun and not_over and used and (self.names_suppliers or not rate.supplier)

    def join(self, rates: Sequence[Rate]) -> Join:
        """How the rows of the file find their rates among those that they need."""
        first, last = self.first or date.min, self.last or date.max
        always = self.all_dated and all(rate.day_from <= first and last <= rate.day_to for rate in rates)
        return Join(self.names_suppliers, not always, len({rate.kind for rate in rates}) == len(rates))


def rate_rows(rates: Iterable[Rate], places: int, rounding: Rounding) -> Iterator[RateRow]:
    """The rates for quantities in units of 10^-places, with the rounding worked into whole numbers.

    Half up is ⌊(2·q·top + bottom) ÷ (2·bottom)⌋, up is ⌊(q·top + bottom − 1) ÷ bottom⌋.  A rate whose numbers do not fit has
    most = −1, so that every row of it is left to the library.
    """
    for rate in rates:
        top, bottom = rate.top, rate.bottom * 10**places
        addend = bottom - 1
        if rounding is Rounding.HALF_UP:
            top, addend, bottom = 2 * top, bottom, 2 * bottom
        most = (_LARGEST - addend) // top if top else _LARGEST - addend
        days = (rate.day_from.isoformat(), rate.day_to.isoformat())
        if most < 0 or max(top, bottom) > _LARGEST:
            top, addend, bottom, most = 0, 0, 1, -1
        yield RateRow(rate.kind, rate.unit, rate.supplier, *days, rate.factor_id, top, addend, bottom, most)


def sums_sql(engine: Engine, keys: Sequence[str], *, detailed: bool = False) -> str:
    """Sum and count per group, over the rows that have grams, and the number of those that have none.

    detailed: also the sum of their quantities, their first and their last day.
    """
    chosen = "".join(f"{GROUPS[key]} AS key_{key}, " for key in keys)
    group = f" GROUP BY {', '.join(GROUPS[key] for key in keys)}" if keys else ""
    return (
        f"SELECT {chosen}SUM(grams) AS total, COUNT(grams) AS accepted, COUNT(*) - COUNT(grams) AS left_over"  # noqa: S608
        f"{_DETAILS if detailed else ''} FROM ({_joined('activity', engine)}) AS joined{group}"
    )


def leftovers_sql(engine: Engine) -> str:
    """The rows without grams, as they were written, in the order of the file."""
    raw = ", ".join(f"raw_{column}" for column in COLUMNS)
    return f"SELECT n, {raw} FROM ({_joined('written', engine)}) AS joined WHERE grams IS NULL ORDER BY n"  # noqa: S608


def _joined(relation: str, engine: Engine) -> str:
    division = engine.divide.format(top="(a.quantity * r.factor_top + r.addend)", bottom="r.factor_bottom")
    conditions = ["r.kind = a.kind", "r.unit = a.unit"]
    if engine.join.on_supplier:
        conditions.append(f"r.supplier = CASE WHEN a.kind = '{ELECTRICITY}' THEN COALESCE(a.supplier, '') ELSE '' END")
    if engine.join.on_day:
        conditions.append("a.day BETWEEN r.day_from AND r.day_to")
    joins = 1 if engine.join.kind_is_enough else len(conditions)
    fits = [*conditions[joins:], "a.quantity BETWEEN 0 AND r.most"]
    return _JOINED.format(
        relation=relation, divide=division, joins=" AND ".join(conditions[:joins]), fits=" AND ".join(fits)
    )


class Engine(Protocol):
    """What runs the plan: an SQL engine with 64-bit whole numbers."""

    divide: str
    """A division of whole numbers that rounds down, with {top} and {bottom}; both are non-negative."""
    places: int
    """A quantity of 1 unit stands in the relations as 10^places."""
    join: Join
    """How a row of the opened file finds its rate."""

    def open(self, source: Path, rates: RateBook, rounding: Rounding) -> None:
        """Make the relations activity, written and rate.  Raises: BulkRefused."""

    def query(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run a statement and stream its rows; take them all before the next statement."""

    def broken_rows(self) -> Iterator[tuple[int, str]]:
        """Rows of the file that are not even rows: line number and text."""
