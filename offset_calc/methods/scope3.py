"""The fifteen categories of scope 3: each by its own methods where there are any, and always by a stated factor."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.lines import Line
from offset_calc.methods.activity import ACTIVITIES
from offset_calc.methods.freight import FREIGHT
from offset_calc.methods.goods import GOODS
from offset_calc.methods.travel import travel_category
from offset_calc.methods.waste import WASTE

_FACTOR_FIELDS = tuple(f for f in ACTIVITIES.fields if f.name != "label")
_COMMON = (Field("site", Kind.TEXT), Field("label", Kind.TEXT))
_COMMON_NAMES = tuple(f.name for f in _COMMON)


def _commuting_days(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    activity = f"commuting.{row.choice('workplace')}.{row.choice('city')}"
    return (sheet.line(row, activity, (row.mul("people"), row.mul("days")), unit="人・日"),)


def _business_travel(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "business_travel.employee_year", (row.mul("employee_years"),), unit="人・年"),)


def _use_of_products(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    terms = (row.mul("units_sold"), row.mul("lifetime_kwh_each"))
    return (sheet.line(row, "electricity.national_average", terms, unit="kWh"),)


def _travel() -> Category:
    travel = travel_category("", Requirement.SHOULD)
    *others, last = travel.questions
    return replace(
        travel,
        fields=(*travel.fields, Field("employee_years", Kind.DECIMAL, "人・年", maximum=Decimal(10) ** 7)),
        questions=(
            *others,
            replace(last, no="employees_known"),
            Question("employees_known", given=("employee_years",), yes="employee_years"),
        ),
        methods=(*travel.methods, Method("employee_years", ("employee_years",), _business_travel, Grade.C)),
    )


_COMMUTING = Category(
    id="",
    requirement=Requirement.SHOULD,
    fields=(
        Field("people", Kind.INTEGER, "人", minimum=Decimal(1), maximum=Decimal(10) ** 7),
        Field("days", Kind.DECIMAL, "日", maximum=Decimal(366)),
        Field("workplace", Kind.CHOICE, choices=("office", "factory"), default="office"),
        Field(
            "city",
            Kind.CHOICE,
            choices=("large_city", "medium_city", "small_city_a", "small_city_b", "town"),
            default="large_city",
        ),
    ),
    questions=(Question("people_and_days_known", given=("people", "days"), yes="people_days"),),
    methods=(Method("people_days", ("people", "days"), _commuting_days, Grade.C, ("workplace", "city")),),
)

USE_OF_PRODUCTS = Category(
    id="",
    requirement=Requirement.SHOULD,
    fields=(
        Field("units_sold", Kind.INTEGER, "台", minimum=Decimal(1), maximum=Decimal(10) ** 9),
        Field("lifetime_kwh_each", Kind.DECIMAL, "kWh/台", maximum=Decimal(10) ** 7),
    ),
    questions=(Question("lifetime_electricity_known", given=("units_sold", "lifetime_kwh_each"), yes="lifetime_kwh"),),
    methods=(Method("lifetime_kwh", ("units_sold", "lifetime_kwh_each"), _use_of_products, Grade.C),),
)

_NOTHING_OF_ITS_OWN = Category(id="", requirement=Requirement.SHOULD, fields=(), questions=(), methods=())


def with_site(category: Category) -> Category:
    """The same category with a site and a label on every row; no method looks at them."""
    methods = tuple(replace(method, uses=(*method.uses, *_COMMON_NAMES)) for method in category.methods)
    return replace(category, fields=(*_COMMON, *category.fields), methods=methods)


def with_factor(category_id: str, own: Category) -> Category:
    """A category that takes a quantity with a stated factor first, and else follows its own questions."""
    (by_factor,) = ACTIVITIES.methods
    no = own.questions[0].id if own.questions else ""
    return with_site(
        Category(
            id=category_id,
            requirement=Requirement.SHOULD,
            fields=(*_FACTOR_FIELDS, *own.fields),
            questions=(Question("factor_known", given=("factor_id",), yes="factor", no=no), *own.questions),
            methods=(
                replace(by_factor, uses=("gwp_set",)),
                *(replace(method, uses=(*method.uses, "gwp_set")) for method in own.methods),
            ),
            not_counted=own.not_counted,
        )
    )


def other_direct(category_id: str, requirement: Requirement) -> Category:
    """A category that takes nothing but quantities with a stated factor: process emissions, vehicle methane and so on."""
    return replace(with_factor(category_id, _NOTHING_OF_ITS_OWN), requirement=requirement)


SCOPE3 = tuple(
    with_factor(f"scope3_{number:02}_{name}", own)
    for number, (name, own) in enumerate(
        (
            ("purchased_goods_and_services", GOODS),
            ("capital_goods", GOODS),
            ("fuel_and_energy", _NOTHING_OF_ITS_OWN),
            ("upstream_transport", FREIGHT),
            ("waste", WASTE),
            ("business_travel", _travel()),
            ("commuting", _COMMUTING),
            ("upstream_leased_assets", _NOTHING_OF_ITS_OWN),
            ("downstream_transport", FREIGHT),
            ("processing_of_sold_products", _NOTHING_OF_ITS_OWN),
            ("use_of_sold_products", USE_OF_PRODUCTS),
            ("end_of_life_of_sold_products", WASTE),
            ("downstream_leased_assets", _NOTHING_OF_ITS_OWN),
            ("franchises", _NOTHING_OF_ITS_OWN),
            ("investments", _NOTHING_OF_ITS_OWN),
        ),
        start=1,
    )
)
