"""Nights in hotels: guests × nights, else rooms × nights, else what was paid."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line

# Countries and areas of the published list per room and night, by ISO 3166 code.
COUNTRIES = (
    "JP", "AE", "AU", "BE", "BR", "CA", "CH", "CL", "CN", "CO", "CR", "DE", "EG", "ES", "FR", "GB", "HK", "ID", "IN",
    "IT", "JO", "KR", "MV", "MX", "MY", "NL", "OM", "PH", "PT", "QA", "RU", "SA", "SG", "TH", "TR", "US", "VN", "ZA",
)  # fmt: skip


def _person_nights(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "lodging.person_night", (row.mul("people"), row.mul("nights")), unit="人・泊"),)


def _room_nights(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (row.mul("rooms"), row.mul("nights"))
    return (sheet.line(row, "lodging.room_night", terms, region=row.choice("country"), unit="室・泊"),)


def _spend(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "lodging.spend", (row.mul("spend_yen"),), unit="円"),)


LODGING = Category(
    id="lodging",
    requirement=Requirement.SHOULD,
    fields=(
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 6),
        Field("rooms", Kind.INTEGER, "室", minimum=Decimal(1), maximum=Decimal(10) ** 6),
        Field("nights", Kind.INTEGER, "泊", minimum=Decimal(1), maximum=Decimal(366)),
        Field("country", Kind.CHOICE, choices=COUNTRIES, default="JP"),
        Field("spend_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
    ),
    questions=(
        Question(
            "guests_known_in_japan", given=("people",), equals={"country": "JP"}, yes="person_nights", no="rooms_known"
        ),
        Question("rooms_known", given=("rooms",), yes="room_nights", no="spend_known"),
        Question("spend_known", given=("spend_yen",), equals={"country": "JP"}, yes="spend"),
    ),
    methods=(
        Method("person_nights", ("people", "nights"), _person_nights, Grade.B, ("country",)),
        Method("room_nights", ("rooms", "nights"), _room_nights, Grade.C, ("country",)),
        Method("spend", ("spend_yen",), _spend, Grade.C, ("country",)),
    ),
)
