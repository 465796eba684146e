"""Conferences and events: what the guidance for 会議・イベントオフセット counts.

Boundary: energy at the venue and the movement of participants and staff belong in every footprint; lodging, meals, printed
matter, goods, freight, waste, water and online attendance should be counted. What is not stated is listed as excluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from offset_calc.calculators.base import Calculator, Inputs
from offset_calc.declarations import Field, Kind, Requirement
from offset_calc.factors import FactorSet
from offset_calc.footprint import Footprint
from offset_calc.methods.freight import FREIGHT
from offset_calc.methods.goods import GOODS
from offset_calc.methods.lodging import LODGING
from offset_calc.methods.meals import MEALS
from offset_calc.methods.online import ONLINE
from offset_calc.methods.printed_matter import PRINTED_MATTER
from offset_calc.methods.travel import travel_category
from offset_calc.methods.venue_energy import VENUE_ENERGY
from offset_calc.methods.waste import WASTE
from offset_calc.methods.water import WATER

EVENT = Calculator(
    type="event",
    version=1,
    subject_fields=(Field("place", Kind.PLACE),),
    categories=(
        VENUE_ENERGY,
        travel_category("travel_participants", Requirement.MUST),
        travel_category("travel_staff", Requirement.MUST),
        LODGING,
        MEALS,
        PRINTED_MATTER,
        GOODS,
        FREIGHT,
        WASTE,
        WATER,
        ONLINE,
    ),
)

EventInputs = Inputs


def read_inputs(raw: Mapping[str, Any], *, factors: FactorSet | None = None) -> EventInputs:
    """Read the raw inputs of an event.  Raises: InputsRefused."""
    return EVENT.read_inputs(raw, factors=factors)


def calculate(inputs: EventInputs, *, factors: FactorSet | None = None) -> Footprint:
    """Compute the footprint of an event.  Raises: InputsRefused."""
    return EVENT.calculate(inputs, factors=factors)
