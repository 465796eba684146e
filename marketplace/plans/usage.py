"""What a household uses in a month, and what that emits by the factors of an edition.

A menu is kept without the list it stood in ("A0002.menu_b_residual"), so that the next edition's list answers for it.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from marketplace.plans.errors import MenuUnknown, MonthTooLarge, MonthWithoutEmissions, UsageRefused
from offset_calc import Factor, FactorSet, Footprint, InputsRefused
from offset_calc import factors as factor_sets
from offset_calc.calculators import household
from offset_calc.errors import FactorNotFound
from offset_calc.methods.household_energy import SIZES
from offset_calc.quantities import GRAMS_PER_TONNE
from offset_calc.suppliers import CURRENT_LIST, Supplier, suppliers

_ADJUSTED = ".adjusted"


@dataclass(frozen=True, slots=True)
class Usage:
    """Exactly one of `kwh` (decimal text, per month) and `household_size` (one of SIZES). `menu` None: not in the list; with a
    household size it is not used."""

    menu: str | None
    kwh: str | None
    household_size: str | None


def in_force() -> FactorSet:
    """The edition by which a month that begins from now on is calculated."""
    return factor_sets.load()


def supplier_list(factors: FactorSet) -> tuple[Supplier, ...]:
    return suppliers(factors)


def menu_key(factor: Factor) -> str:
    return factor.id.removeprefix(CURRENT_LIST).removesuffix(_ADJUSTED)


def menu_factor(menu: str, factors: FactorSet) -> Factor:
    """The menu's figure in the list in force. Raises MenuUnknown."""
    try:
        factor = factors.by_id(f"{CURRENT_LIST}{menu}{_ADJUSTED}")
    except FactorNotFound as missing:
        raise MenuUnknown(f"no menu {menu}", menu=menu) from missing
    if ".overall." in factor.id:
        # the figure of a supplier that has menus is no customer's own
        raise MenuUnknown(f"{menu} is no menu", menu=menu)
    return factor


def calculate(usage: Usage, *, on: date, factors: FactorSet) -> Footprint:
    """The footprint of a calendar month. Raises MenuUnknown, UsageRefused, MonthWithoutEmissions, MonthTooLarge.

    Every month counts alike: a household size stands for a twelfth of its year, whatever the month's length.
    """
    _refuse_unless_one(usage)
    first = on.replace(day=1)
    last = on.replace(day=monthrange(on.year, on.month)[1])
    row: dict[str, str] = {}
    if usage.kwh is not None:
        row["electricity_kwh"] = usage.kwh
        if usage.menu is not None:
            row["electricity_menu"] = menu_factor(usage.menu, factors).id
    else:
        row["household_size"] = usage.household_size or ""
    raw = {
        "subject": {"name": "家庭の電気（1か月）"},
        "period": {"start": first.isoformat(), "end": last.isoformat()},
        "electricity": [row],
    }
    try:
        footprint = household.calculate(household.read_inputs(raw, factors=factors), factors=factors)
    except InputsRefused as refused:
        problem = refused.problems[0]
        field = "kwh" if usage.kwh is not None else "household_size"
        raise UsageRefused(f"{field}: {problem.code}", field=field, reason=problem.code, **problem.params) from refused
    grams = footprint.total.value
    if grams == 0:
        raise MonthWithoutEmissions("the menu's factor is zero")
    if grams >= GRAMS_PER_TONNE:
        raise MonthTooLarge(f"{grams} g in a month", grams=grams)
    return footprint


def _refuse_unless_one(usage: Usage) -> None:
    if (usage.kwh is None) == (usage.household_size is None):
        raise UsageRefused("either kWh or a household size", field="kwh", reason="required")
    if usage.household_size is not None and usage.household_size not in SIZES:
        raise UsageRefused("no such household size", field="household_size", reason="unknown_choice")
