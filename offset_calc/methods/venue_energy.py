"""Energy used at a venue: metered, else floor area × hours of use."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line, Term

# activity, field and unit of each fuel and heat that a bill or a meter names
_FUELS = (
    ("fuel.city_gas", "city_gas_m3", "m3"),
    ("fuel.lpg", "lpg_kg", "kg"),
    ("fuel.kerosene", "kerosene_l", "L"),
    ("fuel.heavy_oil_a", "heavy_oil_a_l", "L"),
    ("heat.supplied", "heat_gj", "GJ"),
)
_ENERGIES = ("electricity_kwh", *(name for _, name, _ in _FUELS))


def bought_electricity(row: Row, sheet: Sheet, terms: tuple[Term, ...]) -> Line:
    """Electricity in kWh with the factor of the stated supplier menu, else with the national average.

    The menu's factor is the adjusted one, which suppliers report for their customers' own accounting.
    """
    if row.stated("electricity_menu"):
        menu = sheet.factors.by_id(row.choice("electricity_menu"))
        return sheet.line(row, "electricity.supplier_menu", terms, factor=menu, unit="kWh")
    return sheet.line(row, "electricity.national_average", terms, unit="kWh")


def _metered(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    lines: list[Line] = []
    if row.stated("electricity_kwh"):
        lines.append(bought_electricity(row, sheet, (row.mul("electricity_kwh"),)))
    for activity, name, unit in _FUELS:
        if row.stated(name):
            lines.append(sheet.line(row, activity, (row.mul(name),), unit=unit))
    return tuple(lines)


def _area_hours(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (row.mul("area_m2"), row.mul("hours"), row.mul("kwh_per_m2_hour"))
    return (bought_electricity(row, sheet, terms),)


# A menu of a supplier, or its residual menu for customers without one; never the supplier's overall figure, which can be a
# tenth of what an ordinary customer is served with.
SUPPLIER_MENU = Field(
    "electricity_menu", Kind.FACTOR, factor_prefix="jp.elec.fy", factor_suffix=".adjusted", factor_except=".overall."
)

VENUE_ENERGY = Category(
    id="venue_energy",
    requirement=Requirement.MUST,
    fields=(
        Field("electricity_kwh", Kind.DECIMAL, "kWh", maximum=Decimal(10) ** 8),
        SUPPLIER_MENU,
        Field("city_gas_m3", Kind.DECIMAL, "m3", maximum=Decimal(10) ** 7),
        Field("lpg_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 7),
        Field("kerosene_l", Kind.DECIMAL, "L", maximum=Decimal(10) ** 7),
        Field("heavy_oil_a_l", Kind.DECIMAL, "L", maximum=Decimal(10) ** 7),
        Field("heat_gj", Kind.DECIMAL, "GJ", maximum=Decimal(10) ** 6),
        Field("area_m2", Kind.DECIMAL, "m2", maximum=Decimal(10) ** 6),
        Field("hours", Kind.DECIMAL, "h", maximum=Decimal(8784)),
        Field(
            "kwh_per_m2_hour",
            Kind.DECIMAL,
            "kWh/(m2·h)",
            maximum=Decimal(1),
            default="0.05",
            basis="venue_electricity_intensity",
        ),
    ),
    questions=(
        Question("energy_metered", given_any=_ENERGIES, yes="metered", no="area_and_hours_known"),
        Question("area_and_hours_known", given=("area_m2", "hours"), yes="area_hours"),
    ),
    methods=(
        Method("metered", (), _metered, Grade.A, uses=(*_ENERGIES, "electricity_menu")),
        Method("area_hours", ("area_m2", "hours"), _area_hours, Grade.C, uses=("kwh_per_m2_hour", "electricity_menu")),
    ),
    not_counted=("heating_fuel_unless_metered", "building_construction"),
)
