"""The rates of a bulk run: for a kind, every unit, supplier and span of days with the exact grams of one unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from offset_calc.errors import FactorNotFound, UnitMismatch
from offset_calc.factors import Factor, FactorSet
from offset_calc.suppliers import suppliers
from offset_calc.units import conversion, units

ELECTRICITY = "electricity"  # the one kind that looks at the supplier column
_ANY_DAY = date(1, 1, 1)
_LAST_DAY = date(9999, 12, 31)
_GWP_SET = "ar5"


@dataclass(frozen=True, slots=True)
class Rate:
    """Grams of one `unit` as top ÷ bottom, two whole numbers in lowest terms."""

    kind: str
    unit: str
    supplier: str
    day_from: date
    day_to: date
    factor_id: str
    top: int
    bottom: int


class RateBook:
    """The rates of one factor set, made when a kind is first asked for.

    A kind is an activity of the factor set (region JP), "electricity" with a supplier, or the id of a factor.  A supplier is "",
    a supplier's registration number (its ordinary menu) or the id of a menu.  A day before the first factor has no rate.
    """

    def __init__(self, factors: FactorSet) -> None:
        self.factors = factors
        self._made: dict[str, tuple[Rate, ...]] = {}

    def of_kind(self, kind: str) -> tuple[Rate, ...]:
        """The rates of one kind; empty for an unknown one."""
        if kind not in self._made:
            self._made[kind] = tuple(self._make(kind))
        return self._made[kind]

    def of_kinds(self, kinds: Iterable[str] | None) -> Iterator[Rate]:
        """The rates of some kinds, or of all (None)."""
        for kind in self.all_kinds() if kinds is None else kinds:
            yield from self.of_kind(kind)

    def all_kinds(self) -> tuple[str, ...]:
        """Every kind that has a rate."""
        activities = (activity for activity, region in self.factors.activities() if region == "JP")
        return (*activities, ELECTRICITY, *(factor.id for factor in self.factors.all()))

    def _make(self, kind: str) -> Iterator[Rate]:
        if kind == ELECTRICITY:
            yield from self._of_activity(kind, "electricity.national_average")
            for supplier in suppliers(self.factors):
                if supplier.ordinary is not None:
                    yield from self._of_factor(kind, supplier.registration, supplier.ordinary)
                for menu in supplier.menus:
                    yield from self._of_factor(kind, menu.id, menu)
        elif self.factors.activity_ids(kind):
            yield from self._of_activity(kind, kind)
        else:
            try:
                factor = self.factors.by_id(kind)
            except FactorNotFound:
                return  # an unknown kind has no rate; its rows are handed back
            yield from self._of_factor(kind, "", factor)

    def _of_activity(self, kind: str, activity: str) -> Iterator[Rate]:
        """One rate per span between the days on which the choice of factor can change, by the look-up rule itself."""
        turns = {_ANY_DAY}
        for factor in map(self.factors.by_id, self.factors.activity_ids(activity)):
            if factor.valid_from is not None:
                turns.add(factor.valid_from)
            if factor.valid_to is not None:
                turns.add(factor.valid_to + timedelta(days=1))
        starts = sorted(turns)
        ends = [start - timedelta(days=1) for start in starts[1:]] + [_LAST_DAY]
        for start, end in zip(starts, ends, strict=True):
            try:
                chosen = self.factors.for_activity(activity, on=start)
            except FactorNotFound:
                continue  # before the first factor
            yield from self._in_every_unit(kind, "", chosen, (start, end))

    def _of_factor(self, kind: str, supplier: str, factor: Factor) -> Iterator[Rate]:
        yield from self._in_every_unit(kind, supplier, factor, (factor.valid_from or _ANY_DAY, _LAST_DAY))

    def _in_every_unit(self, kind: str, supplier: str, factor: Factor, span: tuple[date, date]) -> Iterator[Rate]:
        parsed = factor.parsed_unit
        if parsed is None or factor.value < 0:
            return
        grams = Fraction(factor.value) * Fraction(parsed.grams)
        if parsed.gas == "C":
            grams = grams * 44 / 12
        elif parsed.gas not in {"CO2", "CO2e"}:
            grams *= Fraction(self.factors.by_id(f"gwp.{_GWP_SET}.{parsed.gas.lower()}").value)
        for unit in units():
            try:
                multiply, divide = conversion(unit, parsed.per)
            except UnitMismatch:
                continue  # another dimension
            ratio = grams * Fraction(multiply) / Fraction(divide)
            yield Rate(kind, unit, supplier, *span, factor.id, ratio.numerator, ratio.denominator)
