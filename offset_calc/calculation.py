"""From the rows of one category to lines: the row with its chosen method, and the sheet that methods write lines on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from decimal import Context, Decimal, Inexact, localcontext
from functools import lru_cache
from typing import NamedTuple

from offset_calc import distances, lines, rail
from offset_calc.declarations import INCOMPLETE, Category, Field, Grade, Method
from offset_calc.errors import FactorNotFound, FieldProblem, InputsRefused, UnitMismatch
from offset_calc.factors import Factor, FactorSet
from offset_calc.footprint import Period
from offset_calc.lines import Derivation, Line, Step, Term
from offset_calc.places import Place, PlaceTable
from offset_calc.quantities import EXACT, ONE, ROUNDING_MODES, Rounding, round_ratio
from offset_calc.units import conversion

Value = Decimal | str | Place
_new_line = tuple.__new__

_GRAMS = {
    "g": (),
    "kg": (Term(lines.MUL, "grams_per_kg", Decimal(1000), "g/kg", lines.CONSTANT),),
    "t": (Term(lines.MUL, "grams_per_t", Decimal(1_000_000), "g/t", lines.CONSTANT),),
}

_PERCENT = Term(lines.DIV, "per_cent", Decimal(100), "%", lines.CONSTANT)

# Carbon to carbon dioxide by the molar masses that the reporting scheme prescribes.
_CO2_PER_C = (
    Term(lines.MUL, "co2_molar_mass", Decimal(44), "g/mol", lines.CONSTANT),
    Term(lines.DIV, "carbon_molar_mass", Decimal(12), "g/mol", lines.CONSTANT),
)

# A factor that describes a year further back than this, or made for another country, limits the grade of its line to C.
_OLD_AFTER_YEARS = 6
_FOREIGN_REGIONS = ("UK", "World", "International")


class _Terms(dict[str, Term]):
    """The × terms of a row by field; one that was not stated is made from its default when it is asked for."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Field], stated: Mapping[str, Value]) -> None:
        super().__init__(
            (name, Term(lines.MUL, name, value, fields[name].unit, lines.INPUT))
            for name, value in stated.items()
            if isinstance(value, Decimal)
        )
        self._fields = fields

    def __missing__(self, name: str) -> Term:
        declared = self._fields[name]
        source = lines.ASSUMPTION if declared.basis else lines.CONSTANT
        value = Decimal(str(declared.default))
        term = self[name] = Term(lines.MUL, name, value, declared.unit, source, declared.basis or "")
        return term


class Row:
    """One row of parsed inputs. Only filled fields are stated; a default stands in for the others.

    path, method, unused: the answers to the category's questions, the method they lead to (None: the row does not say
    enough), and the stated fields that this method does not look at.  share: the terms of a stated allocation_percent.
    texts: choices, factor ids and texts by field, defaults included.  mul(field): the field as a × term, an input, or the
    assumption or constant that its default is.
    """

    __slots__ = ("_fields", "_values", "index", "method", "mul", "path", "share", "texts", "unused")

    def __init__(self, category: Category, index: int, values: Mapping[str, Value]) -> None:
        self.index = index
        self._values = values
        self._fields = category.fields_by_name
        self.texts = {**category.default_texts, **{name: v for name, v in values.items() if isinstance(v, str)}}
        terms = _Terms(self._fields, values)
        self.mul: Callable[[str], Term] = terms.__getitem__
        self.path, self.method = _walk(category, self)
        share = terms.get("allocation_percent")
        self.share = (share, _PERCENT) if share else ()
        looked_at = {*self.method.needs, *self.method.uses} if self.method else set()
        self.unused = tuple(name for name in self._fields if name in values and name not in looked_at)

    def build(self, sheet: Sheet) -> tuple[Line, ...]:
        """The lines of this row by its method.  Raises: InputsRefused when no method fits."""
        if self.method is None:
            raise InputsRefused((FieldProblem("", "not_enough"),))
        return self.method.build(self, sheet)

    def stated(self, name: str) -> bool:
        """Whether the user filled the field."""
        return name in self._values

    def stated_values(self) -> tuple[tuple[str, Value], ...]:
        """The filled fields with their values, in the order of the declaration."""
        return tuple((name, self._values[name]) for name in self._fields if name in self._values)

    def get(self, name: str) -> Value | None:
        """The stated value, else the default, else None."""
        value = self._values.get(name)
        return value if value is not None else self._fields[name].default

    def number(self, name: str) -> Decimal:
        """A number: stated, or the default."""
        return self.mul(name).value

    def choice(self, name: str) -> str:
        """A choice, factor id or text: stated, or the default."""
        return self.texts[name]

    def place(self, name: str) -> Place | None:
        """A place, if stated."""
        value = self._values.get(name)
        return value if isinstance(value, Place) else None


def _walk(category: Category, row: Row) -> tuple[tuple[Step, ...], Method | None]:
    """Answer the questions of a category for one row, from the first, until a method or a dead end is reached."""
    path: list[Step] = []
    target = category.questions[0].id if category.questions else category.methods[0].id
    while target in category.questions_by_id:
        question = category.questions_by_id[target]
        answer = question.answer(row)
        path.append(Step(question.id, answer))
        target = question.yes if answer else question.no
    return tuple(path), None if target == INCOMPLETE else category.methods_by_id[target]


class Rate(NamedTuple):
    """A factor made ready: the steps from a quantity in one unit to grams, and their product (top ÷ bottom)."""

    factors: tuple[Factor, ...]
    steps: tuple[Term, ...]
    top: Decimal
    bottom: Decimal
    limit: Grade
    vintage: str


class Sheet:
    """What a method can look at besides its row, and how it writes lines.

    Inside `with sheet:` the decimal context is exact, so that no product can be rounded unnoticed.
    """

    def __init__(
        self,
        *,
        factors: FactorSet,
        places: PlaceTable,
        period: Period,
        rounding: Rounding,
        venue: Place | None = None,
    ) -> None:
        self.factors = factors
        self.places = places
        self.period = period
        self.on = period.start
        self.rounding = rounding
        self._mode = ROUNDING_MODES[rounding]
        self.venue = venue
        self._rates, self.ready = _rates_on(factors, period.start)
        self._context: AbstractContextManager[Context] = localcontext(EXACT)
        self.category = ""

    def __enter__(self) -> Sheet:
        self._context.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._context.__exit__(None, None, None)

    def line(
        self,
        row: Row,
        activity: str,
        terms: tuple[Term, ...],
        *,
        unit: str,
        factor: Factor | None = None,
        region: str = "JP",
        then: tuple[Factor, ...] = (),
        cited: tuple[Factor, ...] = (),
    ) -> Line:
        """Multiply `terms` (a quantity in `unit`) with the activity's factor and write the line, rounded once.

        then: further factors that multiply, such as a GWP.  cited: published figures that took part in making the terms.
        Raises: FactorNotFound; UnitMismatch when the unit cannot become the factor's.
        """
        key = (activity, region, unit, factor.id if factor else None, then)
        rate = self._rates.get(key)
        if rate is None:
            rate = self._rates[key] = self._rate(activity, region, unit, factor, then)
        return self.write(row, activity, terms, rate, cited)

    def write(
        self, row: Row, activity: str, terms: tuple[Term, ...], rate: Rate, cited: tuple[Factor, ...] = ()
    ) -> Line:
        """Write the line of `terms`, a quantity in the unit that `rate` was made ready for."""
        if row.share:
            terms += row.share
        factors, steps, top, bottom, limit, vintage = rate
        assumed = False
        for op, _, value, _, source, _, _ in terms:
            if op is lines.MUL:
                top *= value
            else:
                bottom *= value
            if source is lines.ASSUMPTION:
                assumed = True
        method = row.method
        if method is None:
            raise InputsRefused((FieldProblem("", "not_enough"),))
        grade = Grade.D if assumed else (limit if limit > method.grade else method.grade)
        whole = bottom is ONE  # the usual case, and the quick one
        grams = int(top.to_integral_value(self._mode)) if whole else round_ratio(top, bottom, self.rounding)
        # built as the tuple it is: naming the fields once more would take as long as the arithmetic
        return _new_line(
            Line,
            (
                self.category,
                row.index,
                activity,
                method.id,
                row.path,
                terms + steps,
                factors + cited if cited else factors,
                grams,
                grade,
                vintage,
                row.unused,
            ),
        )

    def rate(
        self, activity: str, unit: str, factor: Factor | None = None, then: tuple[Factor, ...] = (), region: str = "JP"
    ) -> Rate:
        """A factor made ready for quantities in `unit`.  Raises: FactorNotFound, UnitMismatch."""
        return self._rate(activity, region, unit, factor, then)

    def rail_distance(self, start: Place, end: Place) -> Term | None:
        """Operating kilometres by rail as a derived term; None when the railway table does not join the two."""
        ends = (self.places.station_of(start), self.places.station_of(end))
        km = rail.load(self.factors.edition).km(*ends)
        if km is None:
            return None
        how = Derivation("rail_route", (("from", ends[0]), ("to", ends[1])))
        return Term(lines.MUL, "distance_km", km, "km", lines.DERIVED, derivation=how)

    def distance(self, start: Place, end: Place) -> Term:
        """Great-circle kilometres between two places as a derived term."""
        km = distances.great_circle_km(start.latitude, start.longitude, end.latitude, end.longitude)
        how = Derivation("great_circle", (("from", start.key), ("to", end.key)))
        return Term(lines.MUL, "distance_km", Decimal(km), "km", lines.DERIVED, derivation=how)

    def _rate(self, activity: str, region: str, unit: str, factor: Factor | None, then: tuple[Factor, ...]) -> Rate:
        chosen = factor or self.factors.for_activity(activity, region=region, on=self.on)
        vintage = chosen.vintage(self.on)
        if vintage == "not_yet":
            raise FactorNotFound(chosen.id, region=chosen.region, on=self.on)
        parsed = chosen.parsed_unit
        if parsed is None:
            raise UnitMismatch(unit, chosen.unit)
        steps = _conversion_terms(unit, parsed.per)
        steps += (Term(lines.MUL, "factor", chosen.value, chosen.unit, lines.FACTOR, chosen.id),)
        if parsed.gas == "C":
            steps += _CO2_PER_C
        steps += tuple(Term(lines.MUL, "gwp", gwp.value, gwp.unit, lines.FACTOR, gwp.id) for gwp in then)
        steps += _GRAMS[parsed.mass]
        top, bottom = _divided_out(*lines.product(steps))
        return Rate((chosen, *then), steps, top, bottom, self._limit(chosen), vintage)

    def _limit(self, factor: Factor) -> Grade:
        started = factor.valid_from
        old = started is not None and started.year < self.on.year - _OLD_AFTER_YEARS
        return Grade.C if old or factor.region.startswith(_FOREIGN_REGIONS) else Grade.A


_RateKey = tuple[str, str, str, str | None, tuple[Factor, ...]]


@lru_cache(maxsize=256)
def _rates_on(_factors: FactorSet, _on: date) -> tuple[dict[_RateKey, Rate], dict[tuple[str, str, str], Rate]]:
    """The rates already made ready for one factor set and day; the next footprint of that day finds them.

    The second dictionary is for methods that look their rates up by a key of their own.
    """
    return {}, {}


def _divided_out(top: Decimal, bottom: Decimal) -> tuple[Decimal, Decimal]:
    """Divide where that is exact, as by 1000: the quotient is quicker to work with and no digit is lost."""
    try:
        return EXACT.divide(top, bottom), ONE
    except Inexact:
        return top, bottom


def published(name: str, figure: Factor, op: str = lines.MUL) -> Term:
    """A published figure that is not an emission factor, such as a density."""
    return Term(op, name, figure.value, figure.unit, lines.PUBLISHED, figure.id)


def constant(name: str, value: Decimal | int, unit: str, op: str = lines.MUL) -> Term:
    """A term that is fixed by definition."""
    return Term(op, name, Decimal(value), unit, lines.CONSTANT)


def converted(terms: tuple[Term, ...], given: str, wanted: str) -> tuple[Term, ...]:
    """The terms of a quantity in `given`, followed by its conversion to `wanted`.  Raises: UnitMismatch."""
    return terms + _conversion_terms(given, wanted)


def _conversion_terms(given: str, wanted: str) -> tuple[Term, ...]:
    multiply, divide = conversion(given, wanted)
    steps: tuple[Term, ...] = ()
    if multiply != 1:
        steps += (Term(lines.MUL, "unit_conversion", multiply, f"{wanted}/{given}", lines.CONSTANT),)
    if divide != 1:
        steps += (Term(lines.DIV, "unit_conversion", divide, f"{given}/{wanted}", lines.CONSTANT),)
    return steps
