"""Taking part online: data volume, else participants × hours."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line


def _by_data(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "online.data", (row.mul("data_gb"),), unit="GB"),)


def _by_hours(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "online.person_hour", (row.mul("people"), row.mul("hours")), unit="人時"),)


ONLINE = Category(
    id="online",
    requirement=Requirement.SHOULD,
    fields=(
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 7),
        Field("hours", Kind.DECIMAL, "h", maximum=Decimal(8784)),
        Field("data_gb", Kind.DECIMAL, "GB", maximum=Decimal(10) ** 8),
    ),
    questions=(
        Question("data_volume_known", given=("data_gb",), yes="data", no="people_and_hours_known"),
        Question("people_and_hours_known", given=("people", "hours"), yes="person_hours"),
    ),
    methods=(
        Method("data", ("data_gb",), _by_data, Grade.C),
        Method("person_hours", ("people", "hours"), _by_hours, Grade.C),
    ),
)
