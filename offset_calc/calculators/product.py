"""A product's life cycle for a stated number of units: stages, allocation, cut-off, or a figure someone has verified.

`units` in the subject says how many units the rows describe (a batch, or a year's output), so the footprint's total is for the
batch; `per_unit` divides it.  A row's allocation_percent is the share of that activity that belongs to this product.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.declarations import Category, Field, Kind, Question, Requirement
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.methods.freight import FREIGHT
from offset_calc.methods.goods import GOODS
from offset_calc.methods.scope3 import USE_OF_PRODUCTS, with_factor
from offset_calc.methods.venue_energy import VENUE_ENERGY
from offset_calc.methods.waste import WASTE
from offset_calc.quantities import Grams, Rounding, round_ratio

# Units in which PACT data are declared, as far as they apply to goods.
DECLARED_UNITS = ("piece", "kilogram", "liter", "cubic meter", "square meter", "kilowatt hour", "megajoule")
CRADLE_TO_GATE = ("materials", "packaging", "production")

_ALLOCATION = Field("allocation_percent", Kind.DECIMAL, "%", maximum=Decimal(100))
_METERED_ONLY = replace(
    VENUE_ENERGY,
    fields=tuple(f for f in VENUE_ENERGY.fields if f.name not in {"area_m2", "hours", "kwh_per_m2_hour"}),
    questions=(Question("energy_metered", given_any=VENUE_ENERGY.questions[0].given_any, yes="metered"),),
    methods=VENUE_ENERGY.methods[:1],
    not_counted=(),
)
_PROOF = (Field("verifier", Kind.TEXT), Field("standard", Kind.TEXT))


def _stage(stage: str, requirement: Requirement, own: Category) -> Category:
    category = with_factor(stage, own)
    methods = tuple(replace(method, uses=(*method.uses, _ALLOCATION.name)) for method in category.methods)
    return replace(category, requirement=requirement, fields=(*category.fields, _ALLOCATION), methods=methods)


def _verified() -> Category:
    """A figure per unit that a third party has verified: a stated factor whose source is the verification statement."""
    stated = with_factor("verified_figure", Category("", Requirement.SHOULD, (), (), ()))
    (method,) = stated.methods
    return replace(
        stated,
        fields=(*stated.fields, *_PROOF),
        methods=(replace(method, needs=(*method.needs, "verifier", "standard")),),
        max_rows=1,
    )


PRODUCT = Calculator(
    type="product",
    version=1,
    longest_days=3660,
    subject_fields=(
        Field("functional_unit", Kind.TEXT, required=True),
        Field("declared_unit", Kind.CHOICE, choices=DECLARED_UNITS, default="piece"),
        Field("units", Kind.DECIMAL, minimum=Decimal("0.000001"), maximum=Decimal(10) ** 12, required=True),
        Field("cut_off_percent", Kind.DECIMAL, "%", maximum=Decimal(100), default="0"),
        Field("cut_off_reason", Kind.TEXT),
        Field("allocation_rule", Kind.TEXT),
    ),
    categories=(
        _stage("materials", Requirement.SHOULD, GOODS),
        _stage("packaging", Requirement.SHOULD, GOODS),
        _stage("production", Requirement.SHOULD, _METERED_ONLY),
        _stage("distribution", Requirement.SHOULD, FREIGHT),
        _stage("use", Requirement.SHOULD, USE_OF_PRODUCTS),
        _stage("end_of_life", Requirement.SHOULD, WASTE),
        _verified(),
    ),
)


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
    """Read the raw inputs of a product.  Raises: InputsRefused."""
    return PRODUCT.read_inputs(raw, factors=factors)


def calculate(inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of the batch that the inputs describe.  Raises: InputsRefused."""
    return PRODUCT.calculate(inputs, factors=factors)


def per_unit(footprint: Footprint) -> Decimal:
    """Grams per unit to six decimals, rounded half up; multiply the batch, not this, to cover many units."""
    micrograms = round_ratio(Decimal(footprint.total.value) * 1_000_000, _units(footprint))
    return Decimal(micrograms).scaleb(-6)


def for_units(footprint: Footprint, units: Decimal, rounding: Rounding = Rounding.UP) -> Grams:
    """Grams of `units` units, from the batch total in one rounding; upwards, so that a cover never falls short."""
    return Grams(round_ratio(Decimal(footprint.total.value) * units, _units(footprint), rounding))


def _units(footprint: Footprint) -> Decimal:
    return Decimal(footprint.subject["units"])
