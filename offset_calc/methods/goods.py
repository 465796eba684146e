"""Goods bought for the occasion: by mass and material, else what was paid."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line

MATERIALS = (
    "clothing", "plastics_average", "plastics_film", "plastics_rigid", "pet", "pp", "ps", "pvc", "paper_mixed", "board",
    "aluminium", "steel", "glass", "wood", "electrical_small", "electrical_it", "batteries_alkaline",
)  # fmt: skip
KINDS = (
    "clothes_goods", "bags_jewelries_goods", "paper_stationery", "culture_goods", "entertainment_goods", "sports_goods",
    "kitchen_goods", "electronics", "furniture", "covering", "sanitation", "gardening_flower",
)  # fmt: skip


def _by_mass(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"material.{row.choice('material')}", (row.mul("mass_kg"),), unit="kg"),)


def _by_spend(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"goods_spend.{row.choice('kind')}", (row.mul("spend_yen"),), unit="円"),)


GOODS = Category(
    id="goods",
    requirement=Requirement.SHOULD,
    fields=(
        Field("material", Kind.CHOICE, choices=MATERIALS),
        Field("mass_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 7),
        Field("kind", Kind.CHOICE, choices=KINDS),
        Field("spend_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
    ),
    questions=(
        Question("mass_known", given=("mass_kg",), yes="mass", no="spend_known"),
        Question("spend_known", given=("spend_yen",), yes="spend"),
    ),
    methods=(
        Method("mass", ("material", "mass_kg"), _by_mass, Grade.C),
        Method("spend", ("kind", "spend_yen"), _by_spend, Grade.C),
    ),
    not_counted=("price_change_since_the_factor",),
)
