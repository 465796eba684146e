"""Meals and drinks: food by mass, else what was paid, else a number of meals of an assumed mass."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import ASSUMPTION, MUL, Line, Term

FOODS = (
    "ready_meal", "rice", "bread_flour", "noodle", "potatoes", "vegetables", "processed_vegetables", "beans", "milk",
    "other_dairy", "eggs", "beef", "pork", "chicken", "processed_meat", "fish", "processed_fish", "fruits", "sweets_snack",
    "alcohol", "coffee_tea", "cold_drink",
)  # fmt: skip
SHOPS = ("restaurant", "bar_cafe")

# No published Japanese factor per meal was found. A meal is taken as this much prepared food: our own assumption, shown
# in every result that uses it, and any user can put the real mass in its place.
_MEAL_KG = MappingProxyType({"snack": Decimal("0.2"), "lunch": Decimal("0.5"), "dinner": Decimal("0.8")})


def _by_mass(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"food.{row.choice('food')}", (row.mul("food_kg"),), unit="kg"),)


def _by_spend(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"food_spend.{row.choice('shop')}", (row.mul("spend_yen"),), unit="円"),)


def _by_count(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    mass = row.mul("kg_per_meal") if row.stated("kg_per_meal") else _assumed_mass(row.choice("meal"))
    return (sheet.line(row, "food.ready_meal", (row.mul("people"), row.mul("meals_each"), mass), unit="kg"),)


def _assumed_mass(meal: str) -> Term:
    return Term(MUL, "kg_per_meal", _MEAL_KG[meal], "kg", ASSUMPTION, f"meal_mass_{meal}")


MEALS = Category(
    id="meals",
    requirement=Requirement.SHOULD,
    fields=(
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 6),
        Field("meals_each", Kind.INTEGER, "食", minimum=Decimal(1), maximum=Decimal(1000)),
        Field("meal", Kind.CHOICE, choices=tuple(_MEAL_KG), default="lunch"),
        Field("kg_per_meal", Kind.DECIMAL, "kg", maximum=Decimal(5)),
        Field("food", Kind.CHOICE, choices=FOODS, default="ready_meal"),
        Field("food_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 7),
        Field("shop", Kind.CHOICE, choices=SHOPS, default="restaurant"),
        Field("spend_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
    ),
    questions=(
        Question("food_mass_known", given=("food_kg",), yes="mass", no="spend_known"),
        Question("spend_known", given=("spend_yen",), yes="spend", no="number_of_meals_known"),
        Question("number_of_meals_known", given_any=("people", "meals_each"), yes="count"),
    ),
    methods=(
        Method("mass", ("food_kg",), _by_mass, Grade.C, ("food",)),
        Method("spend", ("spend_yen",), _by_spend, Grade.C, ("shop",)),
        Method("count", ("people", "meals_each"), _by_count, Grade.D, ("meal", "kg_per_meal")),
    ),
    not_counted=("cooking_at_the_venue_unless_metered",),
)
