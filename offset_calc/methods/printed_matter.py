"""Printed matter: paper by mass, else copies × pages, else what was paid."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from offset_calc.calculation import Row, Sheet, constant
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import DIV, Line, Term

# Sheet areas by definition of the ISO 216 A and JIS P 0138 B series, in square metres.
_SHEET_M2 = MappingProxyType(
    {
        "A3": Decimal("0.12474"),
        "A4": Decimal("0.06237"),
        "A5": Decimal("0.03108"),
        "B4": Decimal("0.093548"),
        "B5": Decimal("0.046774"),
    }
)


def _activity(row: Row) -> str:
    return f"paper.{row.choice('paper')}"


def _by_mass(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, _activity(row), (row.mul("paper_kg"),), unit="kg"),)


def _by_pages(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms: tuple[Term, ...] = (row.mul("copies"), row.mul("pages"))
    if row.choice("sides") == "double":
        terms += (constant("pages_per_sheet", 2, "ページ/枚", DIV),)
    terms += (constant("sheet_area", _SHEET_M2[row.choice("size")], "m2"), row.mul("grammage"))
    return (sheet.line(row, _activity(row), terms, unit="g"),)


def _by_spend(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "goods_spend.books_magazines", (row.mul("spend_yen"),), unit="円"),)


PRINTED_MATTER = Category(
    id="printed_matter",
    requirement=Requirement.SHOULD,
    fields=(
        Field("copies", Kind.INTEGER, "部", minimum=Decimal(1), maximum=Decimal(10) ** 7),
        Field("pages", Kind.INTEGER, "ページ", minimum=Decimal(1), maximum=Decimal(10_000)),
        Field("sides", Kind.CHOICE, choices=("single", "double"), default="single"),
        Field("size", Kind.CHOICE, choices=tuple(_SHEET_M2), default="A4"),
        Field(
            "grammage",
            Kind.DECIMAL,
            "g/m2",
            minimum=Decimal(20),
            maximum=Decimal(500),
            default="68",
            basis="office_paper_grammage",
        ),
        Field("paper_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 7),
        Field("paper", Kind.CHOICE, choices=("primary", "recycled"), default="primary"),
        Field("spend_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
    ),
    questions=(
        Question("paper_mass_known", given=("paper_kg",), yes="mass", no="pages_known"),
        Question("pages_known", given_any=("copies", "pages"), yes="pages", no="spend_known"),
        Question("spend_known", given=("spend_yen",), yes="spend"),
    ),
    methods=(
        Method("mass", ("paper_kg",), _by_mass, Grade.B, ("paper",)),
        Method("pages", ("copies", "pages"), _by_pages, Grade.C, ("sides", "size", "grammage", "paper")),
        Method("spend", ("spend_yen",), _by_spend, Grade.C),
    ),
    not_counted=("printing_energy_and_ink",),
)
