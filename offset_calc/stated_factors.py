"""A factor stated inside the input instead of a factor id: {"factor": {"value": …, "unit": …, "source": …}}.

It becomes an own factor, which the footprint then carries in full, so that a replay needs nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from offset_calc.declarations import Category
from offset_calc.errors import QuantityRefused
from offset_calc.factors import COLUMNS, Factor
from offset_calc.quantities import plain, read_decimal
from offset_calc.reading import Problems, clean_text, is_blank
from offset_calc.units import factor_unit, known

_PREFIX = "own.stated"
_STATED = ("value", "unit", "source", "name", "publisher", "year", "url", "region")


def take_out(
    raw: Mapping[str, Any], categories: Iterable[Category], problems: Problems
) -> tuple[Mapping[str, Any], tuple[Factor, ...]]:
    """Replace every stated factor by the id of an own factor; returns the rewritten input and those factors.

    Only categories with a field factor_id take one. What is wrong with a stated factor is noted in `problems`.
    """
    rewritten: dict[str, Any] = {}
    own: list[Factor] = []
    for category in categories:
        rows = raw.get(category.id)
        if "factor_id" not in category.fields_by_name or not isinstance(rows, list | tuple):
            continue
        if not any(isinstance(row, Mapping) and "factor" in row for row in rows):
            continue
        rewritten[category.id] = [_rewritten(category.id, index, row, own, problems) for index, row in enumerate(rows)]
    return ({**raw, **rewritten} if rewritten else raw), tuple(own)


def _rewritten(category_id: str, index: int, row: object, own: list[Factor], problems: Problems) -> object:
    if not isinstance(row, Mapping) or "factor" not in row:
        return row
    rest = {key: value for key, value in row.items() if key != "factor"}
    if is_blank(row["factor"]):
        return rest
    factor = _factor(f"{_PREFIX}.{category_id}.{index}", row, f"/{category_id}/{index}/factor", problems)
    if factor is None:
        return {}
    own.append(factor)
    return {**rest, "factor_id": factor.id}


def _factor(factor_id: str, row: Mapping[str, Any], pointer: str, problems: Problems) -> Factor | None:
    stated, before = row["factor"], len(problems.found)
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
            "id": factor_id,
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
