"""A plain list of activities, each with a factor: the way in for programs, and for factors of one's own.

An activity is {quantity, unit, factor_id} or, instead of factor_id, a factor of its own:
{quantity, unit, factor: {value, unit, source, name?}}. Such a factor travels in full with the footprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from offset_calc import factors as factor_sets
from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.errors import InputsRefused, QuantityRefused
from offset_calc.factors import COLUMNS, Factor, FactorSet
from offset_calc.footprint import Footprint
from offset_calc.methods.activity import ACTIVITIES as ACTIVITIES_CATEGORY
from offset_calc.quantities import plain, read_decimal
from offset_calc.reading import Problems, clean_text, is_blank
from offset_calc.units import factor_unit, known

_INLINE = "own.stated"
_STATED = ("value", "unit", "source", "name", "publisher", "year", "url", "region")


class _Activities(Calculator):
    """The general engine, with factors stated inside the input taken out and added to the factor set."""

    def read_inputs(self, raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
        rewritten, own = _take_out_factors(raw)
        chosen = (factors or factor_sets.load()).with_own(own)
        return replace(super().read_inputs(rewritten, factors=chosen), own=own)

    def calculate(self, inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
        chosen = factors or factor_sets.load()
        return super().calculate(inputs, factors=chosen.with_own(inputs.own) if inputs.own else chosen)


ACTIVITIES = _Activities(type="activities", version=1, categories=(ACTIVITIES_CATEGORY,), longest_days=3660)


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> Inputs:
    """Read a list of activities.  Raises: InputsRefused."""
    return ACTIVITIES.read_inputs(raw, factors=factors)


def calculate(inputs: Inputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of a list of activities.  Raises: InputsRefused."""
    return ACTIVITIES.calculate(inputs, factors=factors)


def _take_out_factors(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Factor, ...]]:
    rows = raw.get("activities")
    if not isinstance(rows, list):
        return raw, ()
    rewritten: list[Any] = []
    own: list[Factor] = []
    problems = Problems()
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping) or "factor" not in row:
            rewritten.append(row)
            continue
        factor = _stated_factor(index, row, problems)
        if factor is not None:
            own.append(factor)
            rewritten.append({**{key: row[key] for key in row if key != "factor"}, "factor_id": factor.id})
    if problems.found:
        raise InputsRefused(tuple(problems.found))
    return {**raw, "activities": rewritten}, tuple(own)


def _stated_factor(index: int, row: Mapping[str, Any], problems: Problems) -> Factor | None:
    pointer, stated = f"/activities/{index}/factor", row["factor"]
    before = len(problems.found)
    if not isinstance(stated, Mapping):
        problems.add(pointer, "not_an_object")
        return None
    if not is_blank(row.get("factor_id")):
        problems.add(pointer, "factor_stated_twice")
    for key in stated:
        if key not in _STATED:
            problems.add(f"{pointer}/{key}", "unknown_field")
    text = {key: clean_text(stated.get(key), f"{pointer}/{key}", problems) for key in _STATED}
    for key in ("value", "unit", "source"):
        if not text[key]:
            problems.add(f"{pointer}/{key}", "required")
    unit = factor_unit(text["unit"])
    if text["unit"] and (unit is None or not known(unit.per)):
        problems.add(f"{pointer}/unit", "not_an_emission_factor", unit=text["unit"])
    value = _value(stated.get("value"), f"{pointer}/value", problems) if text["value"] else None
    if len(problems.found) > before or unit is None or value is None:
        return None
    return Factor.from_row(
        dict.fromkeys(COLUMNS, "")
        | {
            "id": f"{_INLINE}.{index}",
            "category": "own",
            "name_ja": text["name"] or text["source"],
            "name_en": text["name"] or text["source"],
            "region": text["region"] or "JP",
            "year": text["year"] or "n/a",
            "value": value,
            "unit": text["unit"],
            "gas": unit.gas,
            "gwp_set": "not stated",
            "source_title": text["source"],
            "source_publisher": text["publisher"] or text["source"],
            "source_year": text["year"],
            "source_url": text["url"],
        }
    )


def _value(given: object, pointer: str, problems: Problems) -> str | None:
    try:
        return plain(read_decimal(given, places=15))
    except QuantityRefused as refused:
        problems.add(pointer, refused.reason)
        return None
