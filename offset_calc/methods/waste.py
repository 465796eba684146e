"""Waste: by mass and kind, else by the number of people and days. The haul to the plant is counted with it."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line, Term

KINDS = (
    "burnable", "plastics_municipal", "plastics_industrial", "pet_bottle_burnt", "paper_burnt", "synthetic_fibre", "nappies",
    "paper_recycled", "glass_recycled", "metal_recycled", "plastics_recycled", "food_composted",
)  # fmt: skip


def _lines(row: Row, sheet: Sheet, kind: str, mass: tuple[Term, ...]) -> tuple[Line, ...]:
    treated = sheet.line(row, f"waste.{kind}", mass, unit="kg")
    if kind.endswith(("_recycled", "_composted")):  # those published figures are for the haul and the plant together
        return (treated,)
    return (treated, sheet.line(row, "waste.haul", mass, unit="kg"))


def _by_mass(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return _lines(row, sheet, row.choice("kind"), (row.mul("mass_kg"),))


def _by_people(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return _lines(row, sheet, "burnable", (row.mul("people"), row.mul("days"), row.mul("kg_per_person_day")))


WASTE = Category(
    id="waste",
    requirement=Requirement.SHOULD,
    fields=(
        Field("kind", Kind.CHOICE, choices=KINDS, default="burnable"),
        Field("mass_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 8),
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 6),
        Field("days", Kind.DECIMAL, "日", maximum=Decimal(366)),
        Field(
            "kg_per_person_day",
            Kind.DECIMAL,
            "kg/(人・日)",
            maximum=Decimal(20),
            default="0.5",
            basis="event_waste_per_person_day",
        ),
    ),
    questions=(
        Question("mass_known", given=("mass_kg",), yes="mass", no="people_and_days_known"),
        Question("people_and_days_known", given=("people", "days"), yes="people_days"),
    ),
    methods=(
        Method("mass", ("mass_kg",), _by_mass, Grade.B, ("kind",)),
        Method("people_days", ("people", "days"), _by_people, Grade.D, ("kg_per_person_day",)),
    ),
)
