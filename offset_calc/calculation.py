"""From the rows of one category to lines: the sheet that methods write on, and the terms they write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from offset_calc import distances, lines
from offset_calc.declarations import Category, Field, Grade, Method
from offset_calc.errors import UnitMismatch
from offset_calc.factors import Factor, FactorSet
from offset_calc.lines import Derivation, Line, Step, Term
from offset_calc.places import Place, PlaceTable
from offset_calc.quantities import Grams, Rounding, round_ratio
from offset_calc.units import conversion

Value = Decimal | str | Place

_GRAMS_PER = {"g": None, "kg": Term(lines.MUL, "grams_per_kg", Decimal(1000), "g/kg", lines.CONSTANT),
              "t": Term(lines.MUL, "grams_per_t", Decimal(1_000_000), "g/t", lines.CONSTANT)}  # fmt: skip

# A factor from before this many years ago, or made for another country, limits the grade of its line to C.
_OLD_AFTER_YEARS = 6
_FOREIGN_REGIONS = ("UK", "World", "International")


class Row:
    """One row of parsed inputs. Only filled fields are present; `value` falls back to the field's default."""

    __slots__ = ("_fields", "_values", "index")

    def __init__(self, index: int, values: Mapping[str, Value], fields: Mapping[str, Field]) -> None:
        self.index = index
        self._values = values
        self._fields = fields

    def stated(self, name: str) -> bool:
        """Whether the user filled the field."""
        return name in self._values

    def get(self, name: str) -> Value | None:
        """The stated value, else the default, else None."""
        value = self._values.get(name)
        return value if value is not None else self._fields[name].default

    def number(self, name: str) -> Decimal:
        """A number: stated, or the default."""
        value = self._values.get(name)
        return value if isinstance(value, Decimal) else Decimal(str(self._fields[name].default))

    def choice(self, name: str) -> str:
        """A choice or factor id: stated, or the default."""
        return str(self.get(name))

    def place(self, name: str) -> Place | None:
        """A place, if stated."""
        value = self._values.get(name)
        return value if isinstance(value, Place) else None

    def stated_names(self) -> tuple[str, ...]:
        """Names of the filled fields, in the order of the declaration."""
        return tuple(name for name in self._fields if name in self._values)

    def stated_values(self) -> tuple[tuple[str, Value], ...]:
        """The filled fields with their values, in the order of the declaration."""
        return tuple((name, self._values[name]) for name in self.stated_names())

    def mul(self, name: str) -> Term:
        """The field as a × term: an input, or the assumption that its default is."""
        declared = self._fields[name]
        value = self._values.get(name)
        if isinstance(value, Decimal):
            return Term(lines.MUL, name, value, declared.unit, lines.INPUT)
        source = lines.ASSUMPTION if declared.basis else lines.CONSTANT
        return Term(lines.MUL, name, self.number(name), declared.unit, source, declared.basis or "")


class Sheet:
    """What a method can look at besides its row, and how it writes lines."""

    def __init__(
        self,
        *,
        category: Category,
        factors: FactorSet,
        places: PlaceTable,
        on: date,
        rounding: Rounding,
        venue: Place | None = None,
    ) -> None:
        self.category = category
        self.factors = factors
        self.places = places
        self.on = on
        self.rounding = rounding
        self.venue = venue
        self.path: tuple[Step, ...] = ()
        self.method: Method = category.methods[0]

    def line(
        self,
        row: Row,
        activity: str,
        terms: tuple[Term, ...],
        *,
        factor: Factor | None = None,
        region: str = "JP",
        unit: str | None = None,
        then: tuple[Factor, ...] = (),
        grade: Grade | None = None,
    ) -> Line:
        """Multiply `terms` (a quantity in `unit`) with the activity's factor and write the line, rounded once.

        unit: unit of the product of the terms; None when it is already the factor's.  then: further factors that multiply,
        such as a GWP.  Raises: FactorNotFound; UnitMismatch when the unit cannot become the factor's.
        """
        chosen = factor or self.factors.for_activity(activity, region=region, on=self.on)
        parsed = chosen.parsed_unit
        if parsed is None:
            raise UnitMismatch(chosen.unit, "g/…")
        steps = terms if unit is None or unit == parsed.per else terms + _conversion_terms(unit, parsed.per)
        steps += (Term(lines.MUL, "factor", chosen.value, chosen.unit, lines.FACTOR, chosen.id),)
        for extra in then:
            steps += (Term(lines.MUL, "gwp", extra.value, extra.unit, lines.FACTOR, extra.id),)
        to_grams = _GRAMS_PER[parsed.mass]
        if to_grams is not None:
            steps += (to_grams,)
        grams = Grams(round_ratio(*lines.product(steps), self.rounding))
        return Line(
            self.category.id,
            row.index,
            activity,
            self.method.id,
            self.path,
            steps,
            (chosen, *then),
            grams,
            self._grade(grade or self.method.grade, chosen, steps).value,
            chosen.vintage(self.on),
            tuple(n for n in row.stated_names() if n not in self.method.needs and n not in self.method.uses),
        )

    def distance(self, start: Place, end: Place) -> Term:
        """Great-circle kilometres between two places as a derived term."""
        km = distances.great_circle_km(start.latitude, start.longitude, end.latitude, end.longitude)
        how = Derivation("great_circle", (("from", start.key), ("to", end.key)))
        return Term(lines.MUL, "distance_km", Decimal(km), "km", lines.DERIVED, derivation=how)

    def _grade(self, grade: Grade, factor: Factor, steps: tuple[Term, ...]) -> Grade:
        if any(step.source == lines.ASSUMPTION for step in steps):
            grade = grade.at_best(Grade.D)
        started = factor.valid_from
        old = started is not None and started.year < self.on.year - _OLD_AFTER_YEARS
        if old or factor.region.startswith(_FOREIGN_REGIONS):
            grade = grade.at_best(Grade.C)
        return grade


def constant(name: str, value: Decimal | int, unit: str, op: str = lines.MUL) -> Term:
    """A term that is fixed by definition."""
    return Term(op, name, Decimal(value), unit, lines.CONSTANT)


def _conversion_terms(given: str, wanted: str) -> tuple[Term, ...]:
    multiply, divide = conversion(given, wanted)
    steps: tuple[Term, ...] = ()
    if multiply != 1:
        steps += (Term(lines.MUL, "unit_conversion", multiply, f"{wanted}/{given}", lines.CONSTANT),)
    if divide != 1:
        steps += (Term(lines.DIV, "unit_conversion", divide, f"{given}/{wanted}", lines.CONSTANT),)
    return steps
