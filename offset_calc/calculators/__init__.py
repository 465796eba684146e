"""The calculators: each is a declaration of categories, run by the same engine (base.py)."""

from offset_calc.calculators.activities import ACTIVITIES
from offset_calc.calculators.base import Calculator
from offset_calc.calculators.event import EVENT
from offset_calc.calculators.household import HOUSEHOLD
from offset_calc.calculators.organisation import ORGANISATION
from offset_calc.calculators.product import PRODUCT

CALCULATORS = (EVENT, PRODUCT, ORGANISATION, HOUSEHOLD, ACTIVITIES)


def by_type(footprint_type: str) -> Calculator | None:
    """The calculator of a footprint type, or None."""
    return next((calculator for calculator in CALCULATORS if calculator.type == footprint_type), None)
