"""Published prices per tonne: the bounds inside which the sandbox invents its own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic.dataclasses import dataclass

from marketplace.projects.facts import ROW, DataDefect, read_rows, unique
from marketplace.projects.kinds import CreditKind

FILE = Path(__file__).with_name("sandbox_supply") / "price_ranges.toml"


@dataclass(config=ROW, frozen=True, slots=True)
class PriceRange:
    """Yen per tonne before tax, both ends included; `observed` says where, when and what for."""

    id: str
    low_yen: int
    high_yen: int
    observed: str
    publisher: str
    kinds: tuple[CreditKind, ...] = ()
    methodologies: tuple[str, ...] = ()


@dataclass(config=ROW, frozen=True, slots=True)
class _StandIn:
    range: str
    kinds: tuple[CreditKind, ...]


@cache
def _load_stand_ins() -> tuple[_StandIn, ...]:
    return read_rows(FILE, "stand_in", _StandIn)


@cache
def load_price_ranges() -> Mapping[str, PriceRange]:
    """Every range by id."""
    rows = read_rows(FILE, "range", PriceRange)
    unique((row.id for row in rows), what="price range")
    return MappingProxyType({row.id: row for row in rows})


def price_ranges_for(kind: CreditKind, methodology: str) -> tuple[PriceRange, ...]:
    """The ranges that bound a price of such units: those of the methodology, else of the kind, else a stand-in's.

    Raises DataDefect if there is none.
    """
    ranges = load_price_ranges()
    own = tuple(row for row in ranges.values() if methodology in row.methodologies)
    of_kind = tuple(row for row in ranges.values() if kind in row.kinds)
    borrowed = tuple(ranges[row.range] for row in _load_stand_ins() if kind in row.kinds)
    if found := own or of_kind or borrowed:
        return found
    raise DataDefect(f"no price range covers {kind} under {methodology}")


def is_stand_in(price_range: PriceRange, kind: CreditKind, methodology: str) -> bool:
    """Whether the range was observed for other units, because none was published for these."""
    return methodology not in price_range.methodologies and kind not in price_range.kinds
