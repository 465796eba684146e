"""Driving one's own car: fuel bought, else electricity charged, else kilometres by kind of car, else the survey average."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line
from offset_calc.methods.household_energy import household_years
from offset_calc.methods.venue_energy import SUPPLIER_MENU, bought_electricity

# Battery cars are not among them: the published figure per kilometre contains British electricity. Charged kWh are asked for.
KINDS = ("unknown", "petrol", "diesel", "hybrid", "plug_in_hybrid", "lpg")


def _fuel(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"fuel.{row.choice('fuel')}", (row.mul("fuel_l"),), unit="L"),)


def _charged(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (bought_electricity(row, sheet, (row.mul("charged_kwh"),)),)


def _distance(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"vehicle.car_{row.choice('kind')}", (row.mul("distance_km"),), unit="台km"),)


def _average(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "household.car", household_years(sheet.period), unit="世帯・年"),)


CAR = Category(
    id="car",
    requirement=Requirement.SHOULD,
    fields=(
        Field("fuel", Kind.CHOICE, choices=("gasoline", "diesel_oil"), default="gasoline"),
        Field("fuel_l", Kind.DECIMAL, "L", maximum=Decimal(100_000)),
        Field("charged_kwh", Kind.DECIMAL, "kWh", maximum=Decimal(200_000)),
        SUPPLIER_MENU,
        Field("kind", Kind.CHOICE, choices=KINDS, default="unknown"),
        Field("distance_km", Kind.DECIMAL, "km", maximum=Decimal(500_000)),
        Field("average", Kind.CHOICE, choices=("yes",)),
    ),
    questions=(
        Question("fuel_known", given=("fuel_l",), yes="fuel", no="charged_known"),
        Question("charged_known", given=("charged_kwh",), yes="charged", no="distance_known"),
        Question("distance_known", given=("distance_km",), yes="distance", no="average_wanted"),
        Question("average_wanted", given=("average",), yes="average"),
    ),
    methods=(
        Method("fuel", ("fuel_l",), _fuel, Grade.A, ("fuel", "kind")),
        Method("charged", ("charged_kwh",), _charged, Grade.B, ("electricity_menu", "fuel", "kind")),
        Method("distance", ("distance_km",), _distance, Grade.C, ("kind", "fuel")),
        Method("average", ("average",), _average, Grade.C, ("kind", "fuel")),
    ),
    not_counted=("fuel_production", "vehicle_and_road_building"),
)
