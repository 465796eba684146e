"""Electricity and heat that an organisation buys (scope 2, market-based, as the reporting scheme asks)."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line
from offset_calc.methods.venue_energy import SUPPLIER_MENU


def _menu(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    menu = sheet.factors.by_id(row.choice("electricity_menu"))
    terms = (row.mul("electricity_kwh"),)
    return (sheet.line(row, "electricity.supplier_menu", terms, unit="kWh", factor=menu),)


def _substitute(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "electricity.substitute", (row.mul("electricity_kwh"),), unit="kWh"),)


def _heat_supplier(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    supplier = sheet.factors.by_id(row.choice("heat_supplier"))
    return (sheet.line(row, "heat.supplier", (row.mul("heat_gj"),), unit="GJ", factor=supplier),)


def _heat_default(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "heat.supplied", (row.mul("heat_gj"),), unit="GJ"),)


SCOPE2_ELECTRICITY = Category(
    id="scope2_electricity",
    requirement=Requirement.MUST,
    fields=(Field("electricity_kwh", Kind.DECIMAL, "kWh", maximum=Decimal(10) ** 12), SUPPLIER_MENU),
    questions=(
        Question("menu_known", given=("electricity_menu",), yes="menu", no="consumption_known"),
        Question("consumption_known", given=("electricity_kwh",), yes="substitute"),
    ),
    methods=(
        Method("menu", ("electricity_kwh", "electricity_menu"), _menu, Grade.A),
        Method("substitute", ("electricity_kwh",), _substitute, Grade.B),
    ),
)

SCOPE2_HEAT = Category(
    id="scope2_heat",
    requirement=Requirement.SHOULD,
    fields=(
        Field("heat_gj", Kind.DECIMAL, "GJ", maximum=Decimal(10) ** 10),
        Field("heat_supplier", Kind.FACTOR, factor_prefix="jp.heat.fy", factor_suffix=".adjusted"),
    ),
    questions=(
        Question("supplier_known", given=("heat_supplier",), yes="supplier", no="consumption_known"),
        Question("consumption_known", given=("heat_gj",), yes="default"),
    ),
    methods=(
        Method("supplier", ("heat_gj", "heat_supplier"), _heat_supplier, Grade.A),
        Method("default", ("heat_gj",), _heat_default, Grade.B),
    ),
    not_counted=("industrial_steam_has_no_confirmed_factor",),
)
