"""Energy of a home: what the bills say, else the survey average of households of the same size."""

from __future__ import annotations

from calendar import monthrange
from decimal import Decimal

from offset_calc.calculation import Row, Sheet, constant, published
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.footprint import Period
from offset_calc.lines import DERIVED, DIV, MUL, Derivation, Line, Term
from offset_calc.methods.venue_energy import SUPPLIER_MENU, bought_electricity

SIZES = ("size1", "size2", "size3", "size4", "size5", "size6plus", "sizeall")
_SIZE = Field("household_size", Kind.CHOICE, choices=SIZES)


def household_years(period: Period) -> tuple[Term, ...]:
    """The length of the period as terms: whole calendar months ÷ 12, else days ÷ 365."""
    how = Derivation("period", (("start", period.start.isoformat()), ("end", period.end.isoformat())))
    if period.start.day == 1 and period.end.day == monthrange(period.end.year, period.end.month)[1]:
        months = 12 * (period.end.year - period.start.year) + period.end.month - period.start.month + 1
        return (
            Term(MUL, "months", Decimal(months), "月", DERIVED, derivation=how),
            constant("months_per_year", 12, "月/年", DIV),
        )
    days = (period.end - period.start).days + 1
    return (
        Term(MUL, "days", Decimal(days), "日", DERIVED, derivation=how),
        constant("days_per_year", 365, "日/年", DIV),
    )


def survey_average(row: Row, sheet: Sheet, energy: str) -> tuple[Line, ...]:
    """The average of households of one size, scaled to the period."""
    activity = f"household.{energy}.{row.choice('household_size')}"
    return (sheet.line(row, activity, household_years(sheet.period), unit="世帯・年"),)


def _electricity(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (bought_electricity(row, sheet, (row.mul("electricity_kwh"),)),)


def _city_gas(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (row.mul("city_gas_m3"),)
    if row.stated("city_gas_menu"):
        menu = sheet.factors.by_id(row.choice("city_gas_menu"))
        return (sheet.line(row, "fuel.city_gas_menu", terms, unit="m3", factor=menu),)
    return (sheet.line(row, "fuel.city_gas", terms, unit="m3"),)


def _lpg_mass(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "fuel.lpg", (row.mul("lpg_kg"),), unit="kg"),)


def _lpg_volume(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    volume = sheet.factors.by_id("jp.lpg.m3_per_kg")
    terms = (row.mul("lpg_m3"), published("m3_per_kg", volume, DIV))
    return (sheet.line(row, "fuel.lpg", terms, unit="kg", cited=(volume,)),)


def _kerosene(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "fuel.kerosene", (row.mul("kerosene_l"),), unit="L"),)


def _by_size(energy: str) -> Method:
    def build(row: Row, sheet: Sheet) -> tuple[Line, ...]:
        return survey_average(row, sheet, energy)

    return Method("household_size", ("household_size",), build, Grade.C)


_SIZE_KNOWN = Question("household_size_known", given=("household_size",), yes="household_size")

ELECTRICITY = Category(
    id="electricity",
    requirement=Requirement.MUST,
    fields=(Field("electricity_kwh", Kind.DECIMAL, "kWh", maximum=Decimal(200_000)), SUPPLIER_MENU, _SIZE),
    questions=(
        Question("bill_known", given=("electricity_kwh",), yes="bill", no="household_size_known"),
        _SIZE_KNOWN,
    ),
    methods=(
        Method("bill", ("electricity_kwh",), _electricity, Grade.A, ("electricity_menu",)),
        _by_size("electricity"),
    ),
)

CITY_GAS = Category(
    id="city_gas",
    requirement=Requirement.SHOULD,
    fields=(
        Field("city_gas_m3", Kind.DECIMAL, "m3", maximum=Decimal(100_000)),
        Field("city_gas_menu", Kind.FACTOR, factor_prefix="jp.citygas.", factor_suffix=".adjusted"),
        _SIZE,
    ),
    questions=(
        Question("bill_known", given=("city_gas_m3",), yes="bill", no="household_size_known"),
        _SIZE_KNOWN,
    ),
    methods=(Method("bill", ("city_gas_m3",), _city_gas, Grade.A, ("city_gas_menu",)), _by_size("city_gas")),
    not_counted=("gas_meter_temperature_and_pressure",),
)

LPG = Category(
    id="lpg",
    requirement=Requirement.SHOULD,
    fields=(
        Field("lpg_kg", Kind.DECIMAL, "kg", maximum=Decimal(100_000)),
        Field("lpg_m3", Kind.DECIMAL, "m3", maximum=Decimal(50_000)),
        _SIZE,
    ),
    questions=(
        Question("mass_known", given=("lpg_kg",), yes="mass", no="volume_known"),
        Question("volume_known", given=("lpg_m3",), yes="volume", no="household_size_known"),
        _SIZE_KNOWN,
    ),
    methods=(
        Method("mass", ("lpg_kg",), _lpg_mass, Grade.A),
        Method("volume", ("lpg_m3",), _lpg_volume, Grade.B),
        _by_size("lpg"),
    ),
)

KEROSENE = Category(
    id="kerosene",
    requirement=Requirement.SHOULD,
    fields=(Field("kerosene_l", Kind.DECIMAL, "L", maximum=Decimal(100_000)), _SIZE),
    questions=(
        Question("litres_known", given=("kerosene_l",), yes="litres", no="household_size_known"),
        _SIZE_KNOWN,
    ),
    methods=(Method("litres", ("kerosene_l",), _kerosene, Grade.A), _by_size("kerosene")),
)
