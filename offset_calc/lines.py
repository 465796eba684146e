"""One line of a footprint: a product of named terms that a stranger can redo with a pocket calculator."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from offset_calc.factors import Factor
from offset_calc.quantities import EXACT, ONE, Grams, Rounding, plain, round_ratio

MUL = "mul"
DIV = "div"

# Where a term's number comes from.
INPUT = "input"
ASSUMPTION = "assumption"
DERIVED = "derived"
CONSTANT = "constant"
PUBLISHED = "published"
FACTOR = "factor"
SOURCES = (INPUT, ASSUMPTION, DERIVED, CONSTANT, PUBLISHED, FACTOR)

# Only for display: what enters a sum is never divided out.
_SHOWN = Context(prec=28, rounding=ROUND_HALF_EVEN)
_SHOWN_PLACES = Decimal("1e-12")


class Derivation(NamedTuple):
    """How a derived term was found: a rule and what it was applied to, as texts."""

    rule: str
    inputs: tuple[tuple[str, str], ...]


class Term(NamedTuple):
    """One factor of the product.  note: the basis of an assumption, or the id of a published figure."""

    op: str
    name: str
    value: Decimal
    unit: str
    source: str
    note: str = ""
    derivation: Derivation | None = None

    def as_dict(self) -> dict[str, object]:
        """JSON form with the number as text."""
        described: dict[str, object] = {
            "op": self.op,
            "name": self.name,
            "value": plain(self.value),
            "unit": self.unit,
            "source": self.source,
        }
        if self.note:
            described["note"] = self.note
        if self.derivation:
            described["derivation"] = {"rule": self.derivation.rule, "inputs": dict(self.derivation.inputs)}
        return described


class Step(NamedTuple):
    """One question of the decision path and its answer."""

    question: str
    answer: bool


class Line(NamedTuple):
    """One activity and its grams.

    terms: the whole calculation in order; their product in grams, rounded once, is `g`, a whole number (`grams` is the same as
    a Grams).  The terms before the first factor make up the activity quantity.  activity: key of activities.csv, or the factor's own id.  vintage: how the
    factor's period fits the date (Factor.vintage).  unused: inputs of the row that the chosen method does not look at.
    """

    category: str
    row: int
    activity: str
    method: str
    path: tuple[Step, ...]
    terms: tuple[Term, ...]
    factors: tuple[Factor, ...]
    g: int
    grade: str
    vintage: str
    unused: tuple[str, ...] = ()

    @property
    def grams(self) -> Grams:
        """The emissions of this line."""
        return Grams(self.g)

    @property
    def factor(self) -> Factor:
        """The emission factor; GWPs and other published figures that took part follow it in `factors`."""
        return self.factors[0]

    @property
    def quantity(self) -> Decimal:
        """The activity quantity in `unit`; exact, unless a division does not end (then to 12 digits, for display)."""
        top, bottom = product(self._activity_terms())
        quotient = _shown(top, bottom)
        if bottom == ONE or EXACT.multiply(quotient, bottom) == top:
            return quotient
        return quotient.quantize(_SHOWN_PLACES, context=_SHOWN)

    @property
    def unit(self) -> str:
        """Unit of the quantity: the denominator of the factor's unit."""
        return self.factor.unit.partition("/")[2]

    def exact_grams(self) -> Decimal:
        """The product before rounding, for display (to 28 digits when a division does not end)."""
        return _shown(*product(self.terms))

    def recomputed(self, rounding: Rounding) -> Grams:
        """Do the sum again from the terms."""
        return Grams(round_ratio(*product(self.terms), rounding))

    def _activity_terms(self) -> list[Term]:
        before: list[Term] = []
        for term in self.terms:
            if term.source == FACTOR:
                break
            before.append(term)
        return before

    def as_dict(self) -> dict[str, object]:
        """JSON form; factors are given by id and stand in full in the footprint's own list."""
        return {
            "category": self.category,
            "row": self.row,
            "activity": self.activity,
            "method": self.method,
            "path": [{"question": step.question, "answer": "yes" if step.answer else "no"} for step in self.path],
            "quantity": plain(self.quantity),
            "unit": self.unit,
            "factor_id": self.factor.id,
            "factor_ids": [factor.id for factor in self.factors],
            "terms": [term.as_dict() for term in self.terms],
            "product_g": plain(self.exact_grams()),
            "grams": self.g,
            "grade": str(self.grade),
            "vintage": self.vintage,
            "unused": list(self.unused),
        }


def product(terms: Iterable[Term]) -> tuple[Decimal, Decimal]:
    """Multiply out the terms exactly, as (numerator, denominator); nothing is divided, so nothing is rounded."""
    top, bottom, multiply = ONE, ONE, EXACT.multiply
    for term in terms:
        if term.op == MUL:
            top = multiply(top, term.value)
        else:
            bottom = multiply(bottom, term.value)
    return top, bottom


def _shown(top: Decimal, bottom: Decimal) -> Decimal:
    return top if bottom == ONE else _SHOWN.divide(top, bottom)
