"""Fuels burnt by an organisation, as the reporting scheme (SHK) prescribes: calorific value × carbon content × 44/12."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet, converted, published
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.errors import FieldProblem, InputsRefused, UnitMismatch
from offset_calc.lines import Line, Term

# Fuels with a published calorific value and carbon content.
FUELS = (
    "gasoline", "diesel_oil", "kerosene", "heavy_oil_a", "heavy_oil_bc", "jet_fuel", "naphtha", "crude_oil",
    "condensate_ngl", "lubricating_oil", "petroleum_asphalt", "city_gas", "lpg", "lng", "natural_gas",
    "petroleum_hydrocarbon_gas", "coke_oven_gas", "blast_furnace_gas", "coal_coking_imported", "coal_coking_for_coke",
    "coal_coking_pci", "coal_steam_imported", "coal_steam_domestic", "coal_anthracite_imported", "coal_coke",
    "petroleum_coke", "coal_tar",
)  # fmt: skip


def _amount(row: Row, per: str) -> tuple[Term, ...]:
    """The quantity with its conversion to the unit of the calorific value (t, kL or 1000m3)."""
    try:
        return converted((row.mul("quantity"),), row.choice("unit"), per)
    except UnitMismatch as refused:
        raise InputsRefused((FieldProblem("/unit", refused.code, refused.params),)) from None


def _shk_parts(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    fuel = row.choice("fuel")
    calorific = sheet.factors.by_id(f"jp.shk.{fuel}.gcv")
    carbon = sheet.factors.by_id(f"jp.shk.{fuel}.carbon")
    terms = (*_amount(row, calorific.unit.partition("/")[2]), published("calorific_value", calorific))
    return (sheet.line(row, f"combustion.{fuel}", terms, unit="GJ", factor=carbon, cited=(calorific,)),)


def _measured(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    fuel = row.choice("fuel")
    carbon = sheet.factors.by_id(f"jp.shk.{fuel}.carbon")
    per = sheet.factors.by_id(f"jp.shk.{fuel}.gcv").unit.partition("/")[2]
    measured = row.mul("measured_gj_per_unit")._replace(unit=f"GJ/{per}")
    return (sheet.line(row, f"combustion.{fuel}", (*_amount(row, per), measured), unit="GJ", factor=carbon),)


def _gas_supplier(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    menu = sheet.factors.by_id(row.choice("city_gas_menu"))
    return (sheet.line(row, "fuel.city_gas_menu", _amount(row, "1000m3"), unit="1000m3", factor=menu),)


SCOPE1_FUELS = Category(
    id="scope1_fuels",
    requirement=Requirement.MUST,
    fields=(
        Field("fuel", Kind.CHOICE, choices=FUELS),
        Field("quantity", Kind.DECIMAL, maximum=Decimal(10) ** 12),
        Field("unit", Kind.CHOICE, choices=("L", "kL", "kg", "t", "m3", "1000m3")),
        Field("city_gas_menu", Kind.FACTOR, factor_prefix="jp.citygas.", factor_suffix=".adjusted"),
        Field("measured_gj_per_unit", Kind.DECIMAL, maximum=Decimal(100)),
    ),
    questions=(
        Question(
            "city_gas_supplier_known",
            given=("city_gas_menu",),
            equals={"fuel": "city_gas"},
            yes="supplier",
            no="measured",
        ),
        Question("measured", given=("measured_gj_per_unit",), yes="measured_gcv", no="fuel_named"),
        Question("fuel_named", given=("fuel",), yes="shk_parts"),
    ),
    methods=(
        Method("supplier", ("fuel", "quantity", "unit", "city_gas_menu"), _gas_supplier, Grade.A),
        Method("measured_gcv", ("fuel", "quantity", "unit", "measured_gj_per_unit"), _measured, Grade.A),
        Method("shk_parts", ("fuel", "quantity", "unit"), _shk_parts, Grade.A),
    ),
    not_counted=("methane_and_nitrous_oxide_of_combustion",),
)
