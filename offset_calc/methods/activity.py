"""Any activity with any factor: what a program sends that already knows the factor it wants."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Rate, Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Requirement
from offset_calc.errors import FieldProblem, InputsRefused, UnitMismatch
from offset_calc.factors import Factor
from offset_calc.lines import Line
from offset_calc.units import units

GWP_SETS = ("AR5", "AR6", "AR4")


def gwp_of(factor: Factor, gwp_set: str, sheet: Sheet) -> tuple[Factor, ...]:
    """The GWP that a factor in kilograms of methane or nitrous oxide has to be multiplied with; none for carbon, CO2 and CO2e.

    Raises: FactorNotFound when the set has no value for the gas.
    """
    parsed = factor.parsed_unit
    if parsed is None or parsed.gas in {"C", "CO2", "CO2e"}:
        return ()
    return (sheet.factors.by_id(f"gwp.{gwp_set.lower()}.{parsed.gas.lower()}"),)


def _by_factor(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    texts = row.texts
    key = (texts["factor_id"], texts["unit"], texts["gwp_set"])
    rate = sheet.ready.get(key)
    if rate is None:
        rate = sheet.ready[key] = _rate(*key, sheet)
    return (sheet.write(row, key[0], (row.mul("quantity"),), rate),)


def _rate(factor_id: str, unit: str, gwp_set: str, sheet: Sheet) -> Rate:
    factor = sheet.factors.by_id(factor_id)
    if factor.parsed_unit is None:
        problem = FieldProblem("/factor_id", "not_an_emission_factor", {"given": factor.id, "unit": factor.unit})
        raise InputsRefused((problem,))
    gwp = gwp_of(factor, gwp_set, sheet)
    try:
        return sheet.rate(factor.id, unit, factor, gwp)
    except UnitMismatch as refused:
        raise InputsRefused((FieldProblem("/unit", refused.code, refused.params),)) from None


ACTIVITIES = Category(
    id="activities",
    requirement=Requirement.MUST,
    fields=(
        Field("label", Kind.TEXT),
        Field("quantity", Kind.DECIMAL, maximum=Decimal(10) ** 15),
        Field("unit", Kind.CHOICE, choices=units()),
        Field("factor_id", Kind.FACTOR),
        Field("gwp_set", Kind.CHOICE, choices=GWP_SETS, default="AR5"),
    ),
    questions=(),
    methods=(Method("factor", ("quantity", "unit", "factor_id"), _by_factor, Grade.B, ("label", "gwp_set")),),
    max_rows=10_000,
)
