"""Tap water: metered, else by the number of people and days."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet, constant
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import DIV, Line


def _metered(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"water.{row.choice('basis')}", (row.mul("water_m3"),), unit="m3"),)


def _by_people(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (
        row.mul("people"),
        row.mul("days"),
        row.mul("litres_per_person_day"),
        constant("l_per_m3", 1000, "L/m3", DIV),
    )
    return (sheet.line(row, f"water.{row.choice('basis')}", terms, unit="m3"),)


WATER = Category(
    id="water",
    requirement=Requirement.SHOULD,
    fields=(
        Field("water_m3", Kind.DECIMAL, "m3", maximum=Decimal(10) ** 7),
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 6),
        Field("days", Kind.DECIMAL, "日", maximum=Decimal(366)),
        Field(
            "litres_per_person_day",
            Kind.DECIMAL,
            "L/(人・日)",
            maximum=Decimal(1000),
            default="50",
            basis="event_water_per_person_day",
        ),
        Field("basis", Kind.CHOICE, choices=("life_cycle", "supply_operation"), default="life_cycle"),
    ),
    questions=(
        Question("water_metered", given=("water_m3",), yes="metered", no="people_and_days_known"),
        Question("people_and_days_known", given=("people", "days"), yes="people_days"),
    ),
    methods=(
        Method("metered", ("water_m3",), _metered, Grade.B, ("basis",)),
        Method("people_days", ("people", "days"), _by_people, Grade.D, ("litres_per_person_day", "basis")),
    ),
)
