"""A month or a year of a household's electricity, gas, kerosene and car."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.methods.car import CAR
from offset_calc.methods.household_energy import CITY_GAS, ELECTRICITY, KEROSENE, LPG

HOUSEHOLD = Calculator(type="household", version=1, categories=(ELECTRICITY, CITY_GAS, LPG, KEROSENE, CAR))


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
    """Read the raw inputs of a household.  Raises: InputsRefused."""
    return HOUSEHOLD.read_inputs(raw, factors=factors)


def calculate(inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of a household.  Raises: InputsRefused."""
    return HOUSEHOLD.calculate(inputs, factors=factors)
