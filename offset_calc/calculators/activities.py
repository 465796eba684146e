"""A plain list of activities, each with a factor: the way in for programs, and for factors of one's own.

An activity is {quantity, unit, factor_id} or, instead of factor_id, a factor of its own:
{quantity, unit, factor: {value, unit, source, name?}}. Such a factor travels in full with the footprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.methods.activity import ACTIVITIES as ACTIVITIES_CATEGORY

ACTIVITIES = Calculator(type="activities", version=1, categories=(ACTIVITIES_CATEGORY,), longest_days=3660)


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
    """Read a list of activities.  Raises: InputsRefused."""
    return ACTIVITIES.read_inputs(raw, factors=factors)


def calculate(inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of a list of activities.  Raises: InputsRefused."""
    return ACTIVITIES.calculate(inputs, factors=factors)
