"""A bulk run: the engine sums what it can read, the library reads the rest, and what neither can is handed back."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize

from offset_calc import factors as factor_sets
from offset_calc.bulk.plan import COLUMNS, GROUPS, Engine, leftovers_sql, sums_sql
from offset_calc.bulk.rates import ELECTRICITY, Rate, RateBook
from offset_calc.bulk.result import BulkRefused, BulkResult, Group
from offset_calc.errors import QuantityRefused
from offset_calc.factors import FactorSet
from offset_calc.quantities import EXACT, Grams, Rounding, read_decimal, round_ratio
from offset_calc.reading import Problems, read_date
from offset_calc.tabular import safe_cell

_MOST = Decimal(10) ** 12
_BROKEN = "broken_row"


def run_bulk(
    source: Path,
    engine: Engine,
    *,
    group_by: Sequence[str] = ("site", "kind"),
    rejected_file: Path | None = None,
    factors: FactorSet | None = None,
    rounding: Rounding = Rounding.HALF_UP,
    detailed: bool = False,
) -> BulkResult:
    """Compute an activity file (Parquet or CSV: date, kind, quantity, unit, site, supplier) row by row and sum by group.

    Each row is one line, rounded once, exactly as in a footprint.  group_by: any of site, kind, unit, factor, supplier, month.
    rejected_file: where refused rows are written as CSV with their reasons; without it they are only counted.
    detailed: whether groups also tell their quantity, first and last day.
    Raises: BulkRefused for the file as a whole.
    """
    unknown = [key for key in group_by if key not in GROUPS]
    if unknown:
        raise BulkRefused("unknown_group", given=tuple(unknown), choices=tuple(GROUPS))
    chosen = factors or factor_sets.load()
    book = _book(chosen)
    engine.open(source, book, rounding)
    sums: Sums = {}
    left_over = 0
    for row in engine.query(sums_sql(engine, group_by, detailed=detailed)):
        key = tuple("" if part is None else str(part) for part in row[: len(group_by)])
        total, accepted, rest, *details = row[len(group_by) :]
        left_over += int(rest)
        if accepted:
            added = sums.setdefault(key, Sum())
            added.add(int(total), int(accepted))
            if detailed:
                quantity, first, last = details
                added.add_details(
                    Decimal(int(quantity)).scaleb(-engine.places, EXACT),
                    date.fromisoformat(first),
                    date.fromisoformat(last),
                )
    rejected: dict[str, int] = {}
    rest_reader = _Leftovers(book, tuple(group_by), rounding, sums, rejected)
    with rejected_file.open("w", encoding="utf-8", newline="") if rejected_file else nullcontext() as out:
        writer = csv.writer(out) if out else None
        if writer:
            writer.writerow(("row", "reason", *COLUMNS))
        if left_over:
            for number, *written in engine.query(leftovers_sql(engine)):
                texts = ["" if text is None else str(text) for text in written]
                reason = rest_reader.take(dict(zip(COLUMNS, texts, strict=True)))
                if reason and writer:
                    writer.writerow((number, reason, *(safe_cell(text) for text in texts)))
        for number, line in engine.broken_rows():
            rejected[_BROKEN] = rejected.get(_BROKEN, 0) + 1
            if writer:
                writer.writerow((number, _BROKEN, safe_cell(line)))
    groups = tuple(
        found.as_group(dict(zip(group_by, key, strict=True)), detailed=detailed) for key, found in sorted(sums.items())
    )
    return BulkResult(
        edition=chosen.edition,
        factor_set_sha256=chosen.sha256,
        total=Grams.total(group.grams for group in groups),
        rows=sum(group.rows for group in groups),
        groups=groups,
        rejected=rejected,
        read_by_library=left_over,
        rejected_file=rejected_file,
    )


@dataclass(slots=True)
class Sum:
    """What the rows of one group have come to so far."""

    grams: int = 0
    rows: int = 0
    quantity: Decimal = Decimal(0)
    first_day: date = date.max
    last_day: date = date.min

    def add(self, grams: int, rows: int) -> None:
        """Count rows with their grams in all."""
        self.grams += grams
        self.rows += rows

    def add_details(self, quantity: Decimal, first: date, last: date) -> None:
        """Count the quantities of rows, and the days on which they lie."""
        self.quantity = EXACT.add(self.quantity, quantity)
        self.first_day, self.last_day = min(self.first_day, first), max(self.last_day, last)

    def as_group(self, key: Mapping[str, str], *, detailed: bool) -> Group:
        """The finished group."""
        details = (self.quantity, self.first_day, self.last_day) if detailed else ()
        return Group(key, Grams(self.grams), self.rows, *details)


Sums = dict[tuple[str, ...], Sum]


class _Leftovers:
    """Reads rows as a form would: any width, separators, other ways to write a day; adds them up or says why not."""

    def __init__(
        self,
        book: RateBook,
        group_by: tuple[str, ...],
        rounding: Rounding,
        sums: Sums,
        rejected: dict[str, int],
    ) -> None:
        self._book = book
        self._fitting: dict[tuple[str, str, str], tuple[Rate, ...]] = {}
        self._group_by = group_by
        self._rounding = rounding
        self._sums = sums
        self._rejected = rejected

    def take(self, row: Mapping[str, str]) -> str | None:
        """Add one row to the sums; the reason if it cannot be."""
        day, quantity, problem = self._read(row)
        text = {**row, **{column: normalize("NFKC", row[column]).strip() for column in ("kind", "unit", "supplier")}}
        if problem is None and day is not None and quantity is not None:
            rate, problem = self._rate(text, day)
            if rate is not None:
                exact = quantity * rate.top
                grams = round_ratio(exact, Decimal(rate.bottom), self._rounding)
                values = {**text, "factor": rate.factor_id, "month": day.isoformat()[:7]}
                added = self._sums.setdefault(tuple(values[key] for key in self._group_by), Sum())
                added.add(grams, 1)
                added.add_details(quantity, day, day)
        if problem is not None:
            self._rejected[problem] = self._rejected.get(problem, 0) + 1
        return problem

    def _read(self, row: Mapping[str, str]) -> tuple[date | None, Decimal | None, str | None]:
        problems = Problems()
        day = read_date(row["date"], "", problems)
        if day is None:
            return None, None, "date_missing" if problems.found[0].code == "required" else "not_a_date"
        try:
            return day, read_decimal(row["quantity"], maximum=_MOST), None
        except QuantityRefused as refused:
            return day, None, refused.reason

    def _rate(self, text: Mapping[str, str], day: date) -> tuple[Rate | None, str | None]:
        kind, unit = text["kind"], text["unit"]
        supplier = text["supplier"] if kind == ELECTRICITY else ""
        key = (kind, unit, supplier)
        if key not in self._fitting:
            rates = self._book.of_kind(kind)
            self._fitting[key] = tuple(rate for rate in rates if rate.unit == unit and rate.supplier == supplier)
        fitting = self._fitting[key]
        for rate in fitting:
            if rate.day_from <= day <= rate.day_to:
                return rate, None
        known = self._book.of_kind(kind)
        if not known:
            return None, "unknown_kind"
        if fitting:
            return None, "factor_not_found"
        return None, "unit_mismatch" if any(rate.supplier == supplier for rate in known) else "unknown_supplier"


@lru_cache(maxsize=4)
def _book(factors: FactorSet) -> RateBook:
    return RateBook(factors)
