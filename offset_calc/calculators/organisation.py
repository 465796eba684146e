"""An organisation's year: scope 1 and 2 as the reporting scheme (SHK) computes them, scope 3 by its fifteen categories.

The footprint itself is market-based (supplier menus, else the substitute value).  `scope_totals` adds the location-based
figure of scope 2 (national average), `shk_view` shows scope 1 and 2 by gas, with basic and adjusted factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from offset_calc import factors as factor_sets
from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.declarations import Requirement
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.lines import FACTOR, Line, Term, product
from offset_calc.methods.bought_energy import SCOPE2_ELECTRICITY, SCOPE2_HEAT
from offset_calc.methods.fuels import SCOPE1_FUELS
from offset_calc.methods.refrigerants import SCOPE1_REFRIGERANTS
from offset_calc.methods.scope3 import SCOPE3, other_direct, with_site
from offset_calc.quantities import Grams, Rounding, round_ratio

ORGANISATION = Calculator(
    type="organisation",
    version=1,
    categories=(
        with_site(SCOPE1_FUELS),
        with_site(SCOPE1_REFRIGERANTS),
        other_direct("scope1_other", Requirement.SHOULD),
        with_site(SCOPE2_ELECTRICITY),
        with_site(SCOPE2_HEAT),
        *SCOPE3,
    ),
)


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
    """Read the raw inputs of an organisation.  Raises: InputsRefused."""
    return ORGANISATION.read_inputs(raw, factors=factors)


def calculate(inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of an organisation, market-based.  Raises: InputsRefused."""
    return ORGANISATION.calculate(inputs, factors=factors)


@dataclass(frozen=True, slots=True)
class ScopeTotals:
    """Totals by scope; scope 2 both ways, of which scope2_market is the one in the footprint's total."""

    scope1: Grams
    scope2_market: Grams
    scope2_location: Grams
    scope3: Grams


def scope_totals(footprint: Footprint, *, factors: FactorSet | None = None) -> ScopeTotals:
    """Split a footprint by scope and add the location-based figure: all bought electricity at the national average."""
    chosen = factors or factor_sets.load(footprint.edition)
    average = chosen.for_activity("electricity.national_average", on=footprint.period.start)
    location = sum(
        _with_other_factor(line, average.value, footprint.rounding) if line.category == "scope2_electricity" else line.g
        for line in _of(footprint, "scope2_")
    )
    return ScopeTotals(
        scope1=Grams.total(line.grams for line in _of(footprint, "scope1_")),
        scope2_market=Grams.total(line.grams for line in _of(footprint, "scope2_")),
        scope2_location=Grams(location),
        scope3=Grams.total(line.grams for line in _of(footprint, "scope3_")),
    )


@dataclass(frozen=True, slots=True)
class ShkRow:
    """One gas of the reporting scheme's view, with bought electricity, gas and heat at basic or adjusted factors."""

    gas: str
    basic: Grams
    adjusted: Grams


def shk_view(footprint: Footprint, *, factors: FactorSet | None = None) -> tuple[ShkRow, ...]:
    """Scope 1 and 2 by gas: energy-related CO2 (basic and adjusted), and each other gas.

    Raises: FactorNotFound when a chosen menu has no basic factor in the set.
    """
    chosen = factors or factor_sets.load(footprint.edition)
    basic: dict[str, int] = {}
    adjusted: dict[str, int] = {}
    for line in (*_of(footprint, "scope1_"), *_of(footprint, "scope2_")):
        gas = _gas(line)
        adjusted[gas] = adjusted.get(gas, 0) + line.g
        basic[gas] = basic.get(gas, 0) + _basic(line, chosen, footprint.rounding)
    return tuple(ShkRow(gas, Grams(basic[gas]), Grams(adjusted[gas])) for gas in adjusted)


def _of(footprint: Footprint, scope: str) -> Iterable[Line]:
    return (line for line in footprint.lines if line.category.startswith(scope))


def _gas(line: Line) -> str:
    if line.category in {"scope1_fuels", "scope2_electricity", "scope2_heat"}:
        return "energy_co2"
    if line.category == "scope1_refrigerants":
        return line.activity.removeprefix("refrigerant.")
    parsed = line.factor.parsed_unit
    return parsed.gas.lower() if parsed else "other"


def _basic(line: Line, factors: FactorSet, rounding: Rounding) -> int:
    """The grams of a line with the supplier's basic (基礎) instead of its adjusted (調整後) factor, if it has both."""
    if not line.factor.id.endswith(".adjusted"):
        return line.g
    basic_id = line.factor.id.removesuffix(".adjusted") + ".basic"
    return _with_other_factor(line, factors.by_id(basic_id).value, rounding)


def _with_other_factor(line: Line, value: Decimal, rounding: Rounding) -> int:
    terms: list[Term] = [term._replace(value=value) if term.source == FACTOR else term for term in line.terms]
    return round_ratio(*product(terms), rounding)
