"""What a result page says besides the lines: how sure the total is, a product per unit, an organisation by scope."""

from dataclasses import dataclass
from decimal import Decimal

from frontend.calculator_words import CalculatorWords
from offset_calc import Footprint
from offset_calc.calculators import organisation, product
from offset_calc.errors import FactorNotFound
from offset_calc.recall import Recall, affected
from offset_calc.uncertainty import ACTIVITY, FACTOR_FITS, FACTOR_FOREIGN, FACTOR_UNDATED, Uncertainty, analytic


@dataclass(frozen=True, slots=True)
class PerUnit:
    """A product's grams per unit, to six decimals; `unit` is what it is counted in."""

    grams: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Scopes:
    """An organisation by scope, and scope 1 and 2 as the reporting scheme shows them: gas, basic, adjusted grams.

    `by_gas` is None where a chosen menu has no basic factor, so that this view cannot be made.
    """

    totals: organisation.ScopeTotals
    by_gas: tuple[tuple[str, int, int], ...] | None


@dataclass(frozen=True, slots=True)
class Extras:
    uncertainty: Uncertainty
    per_unit: PerUnit | None
    scopes: Scopes | None


@dataclass(frozen=True, slots=True)
class RecallNotice:
    """A factor of the footprint that turned out wrong; `corrected` grams in all, None while they are not known."""

    factor: str
    reason: str
    corrected: int | None


# The stated uncertainties in per cent, for the explanation of the method.
ACTIVITY_PERCENT = tuple((grade, int(share * 100)) for grade, share in ACTIVITY.items())
FACTOR_PERCENT = tuple(
    (key, int(share * 100))
    for key, share in (("fits", FACTOR_FITS), ("undated", FACTOR_UNDATED), ("foreign", FACTOR_FOREIGN))
)


def extras_of(footprint: Footprint, words: CalculatorWords) -> Extras:
    """Compute what the page shows besides the lines."""
    unit = footprint.subject.get("declared_unit", "piece")
    return Extras(
        uncertainty=analytic(footprint),
        per_unit=PerUnit(product.per_unit(footprint), words.choice("declared_unit", unit))
        if footprint.type == "product"
        else None,
        scopes=_scopes(footprint, words) if footprint.type == "organisation" else None,
    )


def _scopes(footprint: Footprint, words: CalculatorWords) -> Scopes:
    try:
        rows = organisation.shk_view(footprint)
    except FactorNotFound:
        return Scopes(organisation.scope_totals(footprint), None)
    by_gas = tuple((words.gas(row.gas), row.basic.value, row.adjusted.value) for row in rows)
    return Scopes(organisation.scope_totals(footprint), by_gas)


def notice_of(footprint: Footprint, recall: Recall, words: CalculatorWords) -> RecallNotice:
    """What a recall of one of the footprint's factors means for it."""
    factor = next(factor for factor in footprint.factors() if factor.id == recall.factor_id)
    (found,) = affected([footprint.to_dict()], recall)
    return RecallNotice(words.factor(factor), recall.reason, found.corrected.value if found.corrected else None)
