"""A footprint as its result page shows it: the large figure, the categories, and every line as a sum to redo."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from frontend.calculator_words import CalculatorWords
from offset_calc import Footprint, Kind, Line, Term, by_type
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.factors import OWN_PREFIX
from offset_calc.lines import ASSUMPTION, FACTOR, PUBLISHED

SHOWN_PLACES = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Share:
    """One category with its grams, largest first; `lines` counts the lines in it."""

    label: str
    grams: int
    lines: int


@dataclass(frozen=True, slots=True)
class TermView:
    """One step of the sum: × or ÷, the number with all its digits, its unit, what it is, where it comes from."""

    sign: str
    value: Decimal
    unit: str
    label: str
    source: str
    source_label: str
    note: str


@dataclass(frozen=True, slots=True)
class FactorView:
    name: str
    value: Decimal
    unit: str
    title: str
    publisher: str
    year: str
    url: str
    id: str

    @property
    def is_shipped(self) -> bool:
        """Whether there is a page about it; a factor of the visitor's own has none."""
        return not self.id.startswith(OWN_PREFIX)


@dataclass(frozen=True, slots=True)
class LineView:
    """`product_g` is the product before rounding to whole grams, at most three decimals; `grams` the rounded line."""

    category: str
    activity: str
    method: str
    grams: int
    grade: str
    grade_label: str
    terms: tuple[TermView, ...]
    product_g: Decimal
    product_is_exact: bool
    factors: tuple[FactorView, ...]
    vintage: str
    path: tuple[tuple[str, bool], ...]
    unused: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    label: str
    required: bool
    reason: str


@dataclass(frozen=True, slots=True)
class FootprintView:
    id: str
    type: str
    title: str
    facts: tuple[tuple[str, str], ...]
    start: date
    end: date
    total: int
    tonnes_to_cover: int
    complete: bool
    shares: tuple[Share, ...]
    lines: tuple[LineView, ...]
    assumptions: int
    left_out: tuple[LeftOut, ...]
    not_counted: tuple[str, ...]
    rounding: str
    edition: str
    sha256: str
    credit_lines: tuple[str, ...]


def view_of(footprint_id: str, footprint: Footprint, words: CalculatorWords) -> FootprintView:
    """Put a footprint into words; lines and categories come largest first."""
    by_category = sorted(footprint.by_category().items(), key=lambda item: -item[1].value)
    return FootprintView(
        id=footprint_id,
        type=footprint.type,
        title=footprint.subject["name"],
        facts=tuple(_facts(footprint, words)),
        start=footprint.period.start,
        end=footprint.period.end,
        total=footprint.total.value,
        tonnes_to_cover=footprint.total.tonnes_to_cover(),
        complete=footprint.complete,
        shares=tuple(
            Share(words.of(f"category.{key}"), grams.value, sum(1 for line in footprint.lines if line.category == key))
            for key, grams in by_category
        ),
        lines=tuple(_line(line, words) for line in sorted(footprint.lines, key=lambda line: -line.grams.value)),
        assumptions=len(footprint.assumptions()),
        left_out=tuple(
            LeftOut(words.of(f"category.{out.category}"), out.requirement == "must", words.of(f"left_out.{out.reason}"))
            for out in footprint.excluded
        ),
        not_counted=tuple(words.of(f"not_counted.{key}") for key in footprint.not_counted),
        rounding=footprint.rounding.value,
        edition=footprint.edition,
        sha256=footprint.sha256,
        credit_lines=factor_sets.load(footprint.edition).credit_lines(),
    )


def _facts(footprint: Footprint, words: CalculatorWords) -> Iterable[tuple[str, str]]:
    """What is known about the subject besides its name and period, as label and value."""
    calculator = by_type(footprint.type)
    for field in calculator.subject_fields if calculator else ():
        value = footprint.subject.get(field.name)
        if value is None:
            continue
        if field.kind is Kind.PLACE:
            value = words.place(value)
        elif field.kind is Kind.CHOICE:
            value = words.choice(field.name, value)
        yield words.header(footprint.type, f"subject_{field.name}"), f"{value}{words.unit(field.unit)}"


def _line(line: Line, words: CalculatorWords) -> LineView:
    exact = line.exact_grams()
    shown = exact.quantize(SHOWN_PLACES, rounding=ROUND_HALF_UP)
    return LineView(
        category=words.of(f"category.{line.category}"),
        activity=words.factor(line.factor),
        method=words.of(f"method.{line.method}"),
        grams=line.grams.value,
        grade=line.grade,
        grade_label=words.of(f"grade.{line.grade}"),
        terms=tuple(_term(line, position, term, words) for position, term in enumerate(line.terms)),
        product_g=shown.normalize() if shown != shown.to_integral_value() else shown.quantize(Decimal(1)),
        product_is_exact=shown == exact,
        factors=tuple(
            FactorView(
                name=words.factor(factor),
                value=factor.value,
                unit=words.unit(factor.unit),
                title=factor.source_title,
                publisher=factor.source_publisher,
                year=factor.source_year or factor.year,
                url=factor.source_url,
                id=factor.id,
            )
            for factor in line.factors
        ),
        vintage=words.of(f"vintage.{line.vintage}"),
        path=tuple((words.of(f"question.{step.question}"), step.answer) for step in line.path),
        unused=words.list_of(words.field(line.category, name) for name in line.unused),
    )


def _term(line: Line, position: int, term: Term, words: CalculatorWords) -> TermView:
    sign = "" if position == 0 else "×" if term.op == "mul" else "÷"
    note = ""
    if term.derivation:
        params = {name: _in_words(name, value, words) for name, value in term.derivation.inputs}
        note = words.of(f"rule.{term.derivation.rule}", **params)
    elif term.source == ASSUMPTION:
        note = words.of(f"basis.{term.note}")
    elif term.source in {FACTOR, PUBLISHED}:
        note = words.factor(next(factor for factor in line.factors if factor.id == term.note))
    return TermView(
        sign=sign,
        value=term.value,
        unit=words.unit(term.unit),
        label=words.of(f"derived.{term.name}") if term.derivation else words.term(line.category, term.name),
        source=term.source,
        source_label=words.of(f"term_source.{term.source}"),
        note=note,
    )


def _in_words(name: str, value: str, words: CalculatorWords) -> str:
    """What a derivation was applied to: places and fuels by name, numbers as they are."""
    if any(value == place.key for place in place_tables.load(factor_sets.CURRENT_EDITION).all()):
        return words.place(value)
    return words.choice(name, value) if name == "fuel" else value
