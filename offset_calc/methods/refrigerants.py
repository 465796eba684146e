"""Fluorinated gases that escape: what was topped up, else charge minus what was recovered."""

from __future__ import annotations

from decimal import Decimal

from offset_calc.calculation import Row, Sheet
from offset_calc.declarations import Category, Field, Grade, Kind, Method, Question, Requirement
from offset_calc.errors import FieldProblem, InputsRefused
from offset_calc.lines import DERIVED, MUL, Derivation, Line, Term
from offset_calc.methods.activity import GWP_SETS
from offset_calc.quantities import EXACT, plain

_PURE = (
    "hfc23",
    "hfc32",
    "hfc125",
    "hfc134a",
    "hfc143a",
    "hfc152a",
    "hfc227ea",
    "hfc245fa",
    "cf4",
    "c2f6",
    "sf6",
    "nf3",
)
_BLENDS = ("r404a", "r407a", "r407c", "r407f", "r410a", "r410b", "r507a")
GASES = (*_PURE, *_BLENDS)


def _line(row: Row, sheet: Sheet, mass: Term) -> tuple[Line, ...]:
    gas, gwp_set = row.choice("gas"), row.choice("gwp_set")
    if gas in _BLENDS and gwp_set != "AR5":  # published for blends with AR5 only
        raise InputsRefused((FieldProblem("/gwp_set", "factor_not_found", {"wanted": f"{gas} {gwp_set}"}),))
    gwp_id = f"uk.desnz.refrigerant.{gas}.2025" if gas in _BLENDS else f"gwp.{gwp_set.lower()}.{gas}"
    return (sheet.line(row, f"refrigerant.{gas}", (mass,), unit="kg", factor=sheet.factors.by_id(gwp_id)),)


def _leaked(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    return _line(row, sheet, row.mul("leaked_kg"))


def _not_recovered(row: Row, sheet: Sheet) -> tuple[Line, ...]:
    charge, recovered = row.number("charge_kg"), row.number("recovered_kg")
    if recovered > charge:
        raise InputsRefused((FieldProblem("/recovered_kg", "too_large", {"maximum": plain(charge)}),))
    inputs = (("charge_kg", plain(charge)), ("recovered_kg", plain(recovered)))
    lost = EXACT.subtract(charge, recovered)
    mass = Term(MUL, "not_recovered_kg", lost, "kg", DERIVED, derivation=Derivation("difference", inputs))
    return _line(row, sheet, mass)


SCOPE1_REFRIGERANTS = Category(
    id="scope1_refrigerants",
    requirement=Requirement.SHOULD,
    fields=(
        Field("gas", Kind.CHOICE, choices=GASES),
        Field("leaked_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 6),
        Field("charge_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 6),
        Field("recovered_kg", Kind.DECIMAL, "kg", maximum=Decimal(10) ** 6),
        Field("gwp_set", Kind.CHOICE, choices=GWP_SETS, default="AR5"),
    ),
    questions=(
        Question("leak_known", given=("leaked_kg",), yes="leaked", no="charge_and_recovery_known"),
        Question("charge_and_recovery_known", given=("charge_kg", "recovered_kg"), yes="not_recovered"),
    ),
    methods=(
        Method("leaked", ("gas", "leaked_kg"), _leaked, Grade.A, ("gwp_set",)),
        Method("not_recovered", ("gas", "charge_kg", "recovered_kg"), _not_recovered, Grade.A, ("gwp_set",)),
    ),
)
