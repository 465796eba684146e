"""Units: what a factor's unit text means, and exact conversion between units of one dimension."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from offset_calc.errors import UnitMismatch

# unit -> (dimension, size in the dimension's base unit). Exact by definition; nothing measured is in this table.
_UNITS = MappingProxyType(
    {
        "kWh": ("energy", Decimal("3.6")),
        "MWh": ("energy", Decimal(3600)),
        "MJ": ("energy", Decimal(1)),
        "GJ": ("energy", Decimal(1000)),
        "L": ("volume", Decimal(1)),
        "kL": ("volume", Decimal(1000)),
        "m3": ("volume", Decimal(1000)),
        "1000m3": ("volume", Decimal(1_000_000)),
        "g": ("mass", Decimal("0.001")),
        "kg": ("mass", Decimal(1)),
        "t": ("mass", Decimal(1000)),
        "km": ("distance", Decimal(1)),
        "m": ("distance", Decimal("0.001")),
        "円": ("yen", Decimal(1)),
        "千円": ("yen", Decimal(1000)),
        "百万円": ("yen", Decimal(1_000_000)),
        "人km": ("person distance", Decimal(1)),
        "台km": ("vehicle distance", Decimal(1)),
        "tkm": ("freight work", Decimal(1)),
        "kgkm": ("freight work", Decimal("0.001")),
        "人・泊": ("person nights", Decimal(1)),
        "室・泊": ("room nights", Decimal(1)),
        "人・日": ("person days", Decimal(1)),
        "人・年": ("person years", Decimal(1)),
        "人時": ("person hours", Decimal(1)),
        "世帯・年": ("household years", Decimal(1)),
        "GB": ("data", Decimal(1)),
        "台": ("pieces", Decimal(1)),
        "回": ("occasions", Decimal(1)),
    }
)

_MASS_IN_GRAMS = MappingProxyType({"g": Decimal(1), "kg": Decimal(1000), "t": Decimal(1_000_000)})


@dataclass(frozen=True, slots=True)
class FactorUnit:
    """A factor's unit taken apart: "tCO2/1000m3" is grams_per_mass 1,000,000, gas "CO2", per "1000m3"."""

    mass: str
    gas: str
    per: str

    @property
    def grams(self) -> Decimal:
        """Grams in one unit of the numerator: 1000 for kg, 1,000,000 for t."""
        return _MASS_IN_GRAMS[self.mass]


def units() -> tuple[str, ...]:
    """Every unit of the table."""
    return tuple(_UNITS)


def known(unit: str) -> bool:
    """Tell whether `unit` is in the table."""
    return unit in _UNITS


def factor_unit(text: str) -> FactorUnit | None:
    """Take "kgCO2e/人km" apart; None for a unit that is not a mass of gas or carbon per something (kWh/GB, GJ/kL, -)."""
    top, slash, per = text.partition("/")
    for mass in ("kg", "t", "g"):
        gas = top.removeprefix(mass)
        if slash and gas != top and (gas in {"C", "CO2", "CO2e"} or gas.startswith(("CH4", "N2O", "HFC"))):
            return FactorUnit(mass, gas, per)
    return None


def conversion(given: str, wanted: str) -> tuple[Decimal, Decimal]:
    """Return (multiply, divide): a quantity in `given` × multiply ÷ divide is the quantity in `wanted`.

    One of the two is 1 whenever the sizes are whole multiples, so that the step can be shown as one × or ÷.
    Raises: UnitMismatch for unknown units or units of different dimensions.
    """
    if given == wanted:
        return Decimal(1), Decimal(1)
    if given not in _UNITS or wanted not in _UNITS or _UNITS[given][0] != _UNITS[wanted][0]:
        raise UnitMismatch(given, wanted)
    size, target = _UNITS[given][1], _UNITS[wanted][1]
    if target % size == 0:
        return Decimal(1), target / size
    if size % target == 0:
        return size / target, Decimal(1)
    return size, target
