"""Freight of equipment: fuel used, else truck and load, else tonne-kilometres by mode, else what was paid."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from offset_calc.calculation import Row, Sheet, constant
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.factors import Factor
from offset_calc.lines import DERIVED, DIV, MUL, Derivation, Line, Term
from offset_calc.quantities import plain

MODES = ("truck", "van", "rail", "ship", "air_domestic")
_FUELS = ("diesel_oil", "gasoline")
_TABLE_FUEL = {"diesel_oil": "diesel", "gasoline": "gasoline"}
_CONTEXT = Context(prec=30, rounding=ROUND_HALF_EVEN)
_LITRES_PLACES = Decimal("0.000001")  # far beyond the three digits that are published, and still to be keyed in


def coefficients(sheet: Sheet, fuel: str) -> tuple[Factor, Factor, Factor]:
    """The three published coefficients a, b, c of the improved tonne-kilometre method for one fuel."""
    a, b, c = (sheet.factors.by_id(f"jp.improved_tkm.{_TABLE_FUEL[fuel]}.coef_{letter}") for letter in "abc")
    return a, b, c


def litres_per_tonne_km(of: tuple[Factor, Factor, Factor], load_percent: Decimal, payload_kg: Decimal) -> Decimal:
    """Improved tonne-kilometre method: ln y = a + b ln(x/100) + c ln z, y rounded to six decimals.

    Units: y litres per tonne-kilometre, x load factor in percent, z maximum payload in kilograms.
    Source: METI notice on the energy use of freight carriers; coefficients jp.improved_tkm.* of the factor set.
    """
    a, b, c = (coefficient.value for coefficient in of)
    context = _CONTEXT
    load = context.multiply(b, context.ln(context.divide(load_percent, Decimal(100))))
    exponent = context.add(a, context.add(load, context.multiply(c, context.ln(payload_kg))))
    return context.exp(exponent).quantize(_LITRES_PLACES, ROUND_HALF_EVEN, context)


def _by_fuel(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"fuel.{row.choice('fuel')}", (row.mul("fuel_l"),), unit="L"),)


def _by_truck(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    fuel, load, payload = row.choice("fuel"), row.number("load_percent"), row.number("payload_kg")
    cited = coefficients(sheet, fuel)
    litres = litres_per_tonne_km(cited, load, payload)
    inputs = (("fuel", fuel), ("load_percent", plain(load)), ("payload_kg", plain(payload)))
    derived = Term(
        MUL, "litres_per_tonne_km", litres, "L/tkm", DERIVED, derivation=Derivation("improved_tonne_km", inputs)
    )
    return (sheet.line(row, f"fuel.{fuel}", (*_tonne_km(row), derived), unit="L", cited=cited),)


def _by_mode(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, f"freight.{row.choice('mode')}", _tonne_km(row), unit="tkm"),)


def _tonne_km(row: Row) -> tuple[Term, ...]:
    return (row.mul("mass_kg"), constant("kg_per_t", 1000, "kg/t", DIV), row.mul("distance_km"))


def _by_spend(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return (sheet.line(row, "freight.spend", (row.mul("spend_yen"),), unit="円"),)


FREIGHT = Category(
    id="freight",
    requirement=Requirement.SHOULD,
    fields=(
        Field("fuel", Kind.CHOICE, choices=_FUELS, default="diesel_oil"),
        Field("fuel_l", Kind.DECIMAL, "L", maximum=Decimal(10) ** 7),
        Field("mass_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 8),
        Field("distance_km", Kind.DECIMAL, "km", maximum=Decimal(50_000)),
        Field("mode", Kind.CHOICE, choices=MODES, default="truck"),
        Field("payload_kg", Kind.DECIMAL, "kg", minimum=Decimal(100), maximum=Decimal(30_000)),
        Field("load_percent", Kind.DECIMAL, "%", minimum=Decimal(10), maximum=Decimal(100)),
        Field("spend_yen", Kind.DECIMAL, "円", maximum=Decimal(10) ** 10),
    ),
    questions=(
        Question("fuel_used_known", given=("fuel_l",), yes="fuel", no="truck_and_load_known"),
        Question(
            "truck_and_load_known", given=("payload_kg", "load_percent"), yes="truck", no="mass_and_distance_known"
        ),
        Question("mass_and_distance_known", given=("mass_kg", "distance_km"), yes="tonne_km", no="spend_known"),
        Question("spend_known", given=("spend_yen",), yes="spend"),
    ),
    methods=(
        Method("fuel", ("fuel_l",), _by_fuel, Grade.A, ("fuel",)),
        Method("truck", ("mass_kg", "distance_km", "payload_kg", "load_percent"), _by_truck, Grade.B, ("fuel", "mode")),
        Method("tonne_km", ("mass_kg", "distance_km"), _by_mode, Grade.B, ("mode", "fuel")),
        Method("spend", ("spend_yen",), _by_spend, Grade.C, ("mode", "fuel")),
    ),
    not_counted=("fuel_production", "empty_return_trips"),
)
