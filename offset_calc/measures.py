"""Measures that reduce a footprint: each changes the inputs, and its effect is the difference of two calculations."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from offset_calc import factors as factor_sets
from offset_calc.calculators import by_type
from offset_calc.errors import InputsRefused, OffsetCalcError
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.quantities import plain

STATUSES = ("planned", "done")


class MeasureRefused(OffsetCalcError):
    """A measure is unknown, or its share or status is not one that it can have."""

    code = "measure_refused"


@dataclass(frozen=True, slots=True)
class Measure:
    """One way to reduce a category.

    Rows in which `field` is one of `instead_of` are split: the stated share of `amount` goes to a row with `field` set to `to`
    (mode shift, recycled paper, another menu).  With `to` empty that share is left out (fewer pages, fewer kilowatt-hours).
    online: the people taken out attend online instead, for that many hours each.
    """

    id: str
    categories: tuple[str, ...]
    amounts: tuple[str, ...]
    field: str = ""
    instead_of: tuple[str, ...] = ()
    to: str = ""
    online_hours: Decimal | None = None


_TRAVEL = ("travel_participants", "travel_staff")

MEASURES = (
    Measure("rail_instead_of_flight", _TRAVEL, ("people",), "mode", ("air_domestic",), "shinkansen"),
    Measure("rail_instead_of_car", _TRAVEL, ("people",), "mode", ("car", "taxi"), "rail"),
    Measure("economy_instead_of_business", _TRAVEL, ("people",), "mode", ("air_international_business",), "air_international_economy"),
    Measure("online_seats", ("travel_participants",), ("people",), online_hours=Decimal(8)),
    Measure("less_venue_energy", ("venue_energy",), ("electricity_kwh", "city_gas_m3", "heat_gj", "area_m2")),
    Measure("both_sides", ("printed_matter",), ("copies",), "sides", ("single",), "double"),
    Measure("recycled_paper", ("printed_matter",), ("copies", "paper_kg"), "paper", ("primary",), "recycled"),
    Measure("fewer_handouts", ("printed_matter",), ("copies", "paper_kg", "spend_yen")),
    Measure("chicken_instead_of_beef", ("meals",), ("food_kg",), "food", ("beef",), "chicken"),
    Measure("vegetables_instead_of_meat", ("meals",), ("food_kg",), "food", ("beef", "pork", "chicken"), "vegetables"),
    Measure("no_food_left_over", ("meals",), ("food_kg", "meals_each", "spend_yen")),
    Measure("rail_freight", ("freight",), ("mass_kg",), "mode", ("truck", "van"), "rail"),
    Measure("paper_recycling", ("waste",), ("mass_kg",), "kind", ("burnable", "paper_burnt"), "paper_recycled"),
    Measure("plastics_recycling", ("waste",), ("mass_kg",), "kind", ("plastics_municipal", "plastics_industrial"), "plastics_recycled"),
    Measure("less_waste", ("waste",), ("mass_kg",)),
    Measure("less_electricity", ("electricity",), ("electricity_kwh",)),
    Measure("less_driving", ("car",), ("fuel_l", "distance_km", "charged_kwh")),
    Measure("less_gas", ("city_gas", "lpg"), ("city_gas_m3", "lpg_kg", "lpg_m3")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Effort:
    """One measure as recorded with a footprint: what share, planned or done, and its effect in grams.

    saved: grams before minus after; negative when the measure would add emissions.
    """

    measure: str
    percent: Decimal
    status: str
    saved: int

    def as_dict(self) -> dict[str, object]:
        """JSON form, for the claim that the effort goes on to."""
        return {"measure": self.measure, "percent": plain(self.percent), "status": self.status, "saved_g": self.saved}


def applicable(footprint: Footprint) -> tuple[Measure, ...]:
    """The measures that would change something in this footprint."""
    return tuple(m for m in MEASURES if _changed(footprint.inputs, m, Decimal(100)) is not None)


def effort(
    footprint: Footprint, measure_id: str, percent: Decimal, status: str, *, factors: FactorSet | None = None
) -> Effort:
    """Compute the effect of one measure on a footprint, by calculating it once more with changed inputs.

    percent: share of the activity that is shifted or left out, above 0, at most 100.
    Raises: MeasureRefused when measure, share or status is not one of the declared ones, or the footprint has no such row.
    """
    after = with_measure(footprint, measure_id, percent, factors=factors)
    if status not in STATUSES:
        raise MeasureRefused(f"status {status!r}", status=status)
    saved = footprint.total.value - (after.total.value if after else 0)
    return Effort(measure_id, percent, status, saved)


def with_measure(
    footprint: Footprint, measure_id: str, percent: Decimal, *, factors: FactorSet | None = None
) -> Footprint | None:
    """The footprint as it would be with the measure; None when nothing is left of it.  Raises: MeasureRefused."""
    measure = next((m for m in MEASURES if m.id == measure_id), None)
    calculator = by_type(footprint.type)
    if measure is None or calculator is None or not 0 < percent <= 100:
        raise MeasureRefused(f"measure {measure_id!r} at {percent} %", measure=measure_id, percent=str(percent))
    changed = _changed(footprint.inputs, measure, percent)
    if changed is None:
        raise MeasureRefused(f"measure {measure_id!r} changes nothing here", measure=measure_id)
    chosen = factors or factor_sets.load(footprint.edition).with_own(footprint.own_factors)
    if not any(changed.get(category.id) for category in calculator.categories):
        return None
    try:
        return calculator.calculate(calculator.read_inputs(changed, factors=chosen), factors=chosen)
    except InputsRefused as refused:
        problem = refused.problems[0]
        raise MeasureRefused(
            f"measure {measure_id!r} cannot be applied", at=problem.pointer, why=problem.code
        ) from refused


def _changed(inputs: Mapping[str, Any], measure: Measure, percent: Decimal) -> dict[str, Any] | None:
    changed = deepcopy(dict(inputs))
    online = Decimal(0)
    found = False
    for category in measure.categories:
        rows: list[dict[str, str]] = []
        for row in changed.get(category, []):
            parts = _split(row, measure, percent)
            found = found or parts is not None
            rows += parts if parts is not None else [row]
            if parts is not None and measure.online_hours is not None:
                kept = Decimal(parts[0]["people"]) if parts else Decimal(0)
                online += Decimal(row["people"]) - kept
        if rows:
            changed[category] = rows
        else:
            changed.pop(category, None)
    if online and measure.online_hours is not None:
        seats = {"people": plain(online), "hours": plain(measure.online_hours)}
        changed["online"] = [*changed.get("online", []), seats]
    return changed if found else None


def _split(row: Mapping[str, str], measure: Measure, percent: Decimal) -> list[dict[str, str]] | None:
    """The row as a kept part and a changed part; None when the measure does not touch it."""
    amount = next((name for name in measure.amounts if name in row), None)
    if amount is None or (measure.field and row.get(measure.field, _default(measure)) not in measure.instead_of):
        return None
    whole = Decimal(row[amount])
    moved = _share(whole, percent, whole_numbers=amount in {"people", "copies", "meals_each"})
    kept = {**row, amount: plain(whole - moved)}
    parts = [kept] if whole - moved else []
    if measure.field and moved:
        parts.append({**row, amount: plain(moved), measure.field: measure.to})
    return parts


def _default(measure: Measure) -> str:
    """What an unstated choice stands for, where a measure looks at one that has a default."""
    return {"sides": "single", "paper": "primary", "mode": "truck", "kind": "burnable"}.get(measure.field, "")


def _share(whole: Decimal, percent: Decimal, *, whole_numbers: bool) -> Decimal:
    step = Decimal(1) if whole_numbers else Decimal("0.000001")
    return (whole * percent / 100).quantize(step, ROUND_HALF_UP)
