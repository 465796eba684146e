"""Emission factors: one dated figure with its provenance, and the set of them that a footprint is computed with."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache

from offset_calc import tables
from offset_calc.errors import FactorNotFound, FactorRefused
from offset_calc.quantities import plain
from offset_calc.units import FactorUnit, factor_unit

CURRENT_EDITION = "2026-11"
OWN_PREFIX = "own."

COLUMNS = (
    "id", "category", "subcategory", "name_ja", "name_en", "region", "year", "valid_from", "valid_to", "value",
    "unit", "gas", "gwp_set", "source_title", "source_publisher", "source_year", "source_url", "confidence", "note",
)  # fmt: skip
_REQUIRED = ("id", "name_ja", "region", "year", "value", "unit", "gas", "source_title", "source_publisher")


@dataclass(frozen=True, slots=True)
class Factor:
    """Emissions per unit of activity (or a conversion figure), as published, with where it was published.

    value: plain decimal in `unit`, for example 0.423 in kgCO2/kWh.  valid_from, valid_to: first and last day of use
    where edition or year say so, both included.  confidence: A seen at the publisher, B in a secondary source.
    """

    id: str
    category: str
    subcategory: str
    name_ja: str
    name_en: str
    region: str
    year: str
    valid_from: date | None
    valid_to: date | None
    value: Decimal
    unit: str
    gas: str
    gwp_set: str
    source_title: str
    source_publisher: str
    source_year: str
    source_url: str
    confidence: str
    note: str
    parsed_unit: FactorUnit | None = field(compare=False, repr=False)

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Factor:
        """Read one table row (the keys are COLUMNS).  Raises: FactorRefused naming the column."""
        factor_id = row.get("id") or "?"
        for column in COLUMNS:
            if column not in row:
                raise FactorRefused(factor_id, column, "missing")
        for column in _REQUIRED:
            if not row[column].strip():
                raise FactorRefused(factor_id, column, "empty")
        if not tables.PLAIN_DECIMAL.fullmatch(row["value"]):
            raise FactorRefused(factor_id, "value", "not a plain decimal number")
        return cls(
            id=factor_id,
            category=row["category"],
            subcategory=row["subcategory"],
            name_ja=row["name_ja"],
            name_en=row["name_en"],
            region=row["region"],
            year=row["year"],
            valid_from=_day(factor_id, "valid_from", row["valid_from"]),
            valid_to=_day(factor_id, "valid_to", row["valid_to"]),
            value=Decimal(row["value"]),
            unit=row["unit"],
            gas=row["gas"],
            gwp_set=row["gwp_set"],
            source_title=row["source_title"],
            source_publisher=row["source_publisher"],
            source_year=row["source_year"],
            source_url=row["source_url"],
            confidence=row["confidence"],
            note=row["note"],
            parsed_unit=factor_unit(row["unit"]),
        )

    def to_row(self) -> dict[str, str]:
        """The row that from_row reads back; also the JSON form inside a footprint document."""
        return {column: _cell(getattr(self, column)) for column in COLUMNS}

    def vintage(self, on: date) -> str:
        """Say how the factor's period fits a day: in_force, latest_available (period over), undated or not_yet."""
        if self.valid_from is None and self.valid_to is None:
            return "undated"
        if self.valid_from is not None and on < self.valid_from:
            return "not_yet"
        return "latest_available" if self.valid_to is not None and on > self.valid_to else "in_force"


def _day(factor_id: str, column: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise FactorRefused(factor_id, column, "not a date") from None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    return value.isoformat() if isinstance(value, date) else str(value)


class FactorSet:
    """One edition of the shipped factors, plus the own factors of an organisation, addressed by id or by activity.

    Data files are read when a factor in them is first asked for, and checked against the edition's hashes.
    """

    def __init__(self, edition: tables.Edition, own: Iterable[Factor] = ()) -> None:
        self._edition = edition
        self._own = {factor.id: factor for factor in own}
        self._found: dict[str, Factor] = {}
        self._chosen: dict[tuple[str, str, date], Factor] = {}

    @property
    def edition(self) -> str:
        """Name of the shipped edition, for example "2026-11"."""
        return self._edition.name

    @cached_property
    def sha256(self) -> str:
        """Hash over every data file of the edition and over the own factors: equal hashes, equal figures."""
        if not self._own:
            return self._edition.sha256
        digest = hashlib.sha256(self._edition.sha256.encode())
        for factor_id in sorted(self._own):
            digest.update("\x1f".join(self._own[factor_id].to_row().values()).encode() + b"\n")
        return digest.hexdigest()

    @property
    def own(self) -> tuple[Factor, ...]:
        """The organisation's own factors, in the order given."""
        return tuple(self._own.values())

    def by_id(self, factor_id: str) -> Factor:
        """Return one factor.  Raises: FactorNotFound."""
        factor = self._found.get(factor_id) or self._own.get(factor_id)
        if factor is None:
            row = self._edition.row(factor_id)
            if row is None:
                raise FactorNotFound(factor_id)
            factor = Factor.from_row(row)
            self._found[factor_id] = factor
        return factor

    def for_activity(self, activity: str, *, region: str = "JP", on: date) -> Factor:
        """Return the factor to use for an activity on a day: the newest in force, else the newest whose period is over.

        A factor whose edition states no period fits any day, and gives way to a dated one.
        Raises: FactorNotFound when the activity is unknown in the region or the day lies before its first factor.
        """
        key = (activity, region, on)
        if key not in self._chosen:
            self._chosen[key] = self._choose(activity, region, on)
        return self._chosen[key]

    def _choose(self, activity: str, region: str, on: date) -> Factor:
        candidates = [self.by_id(factor_id) for factor_id in self._edition.factor_ids(activity, region)]
        ranks = {"in_force": 2, "latest_available": 1, "undated": 0}
        fitting = [f for f in candidates if f.vintage(on) in ranks and (f.valid_from or not f.valid_to)]
        if not fitting:
            raise FactorNotFound(activity, region=region, on=on)
        return max(fitting, key=lambda f: (ranks[f.vintage(on)], f.valid_from or date.min))

    def activities(self) -> tuple[tuple[str, str], ...]:
        """Every (activity, region) that for_activity knows."""
        return self._edition.activities()

    def activity_ids(self, activity: str, region: str = "JP") -> tuple[str, ...]:
        """Ids of the factors among which for_activity chooses."""
        return self._edition.factor_ids(activity, region)

    def all(self) -> Iterator[Factor]:
        """Every factor, own ones last.  Reads all data files."""
        for factor_id in self._edition.ids():
            yield self.by_id(factor_id)
        yield from self._own.values()

    def matching(self, prefix: str, suffix: str = "") -> tuple[Factor, ...]:
        """Factors whose id begins and ends so, in id order; reads only the files that can hold such ids."""
        found = [f for f in self._own.values() if f.id.startswith(prefix) and f.id.endswith(suffix)]
        return (*(self.by_id(i) for i in self._edition.ids(prefix) if i.endswith(suffix)), *found)

    def search(self, text: str, *, limit: int = 50) -> tuple[Factor, ...]:
        """Factors whose id or Japanese or English name contains every word of `text`; width and case do not matter."""
        words = _folded(text).split()
        hits: list[Factor] = []
        for factor in self.all() if words else ():
            haystack = _folded(f"{factor.id} {factor.name_ja} {factor.name_en} {factor.region} {factor.year}")
            if all(word in haystack for word in words):
                hits.append(factor)
                if len(hits) == limit:
                    break
        return tuple(hits)

    def with_own(self, factors: Iterable[Factor]) -> FactorSet:
        """The same edition with an organisation's own factors added.

        Own ids begin with "own.", so they never take the place of a published figure.  Raises: FactorRefused.
        """
        own = tuple(factors)
        seen = set(self._own)
        for factor in own:
            if not factor.id.startswith(OWN_PREFIX):
                raise FactorRefused(factor.id, "id", f"must begin with {OWN_PREFIX}")
            if factor.id in seen:
                raise FactorRefused(factor.id, "id", "occurs twice")
            seen.add(factor.id)
        return FactorSet(self._edition, (*self._own.values(), *own))

    def credit_lines(self) -> tuple[str, ...]:
        """The acknowledgements that the publishers' terms ask for, each once."""
        return self._edition.credit_lines()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@lru_cache(maxsize=8)
def load(edition: str = CURRENT_EDITION) -> FactorSet:
    """Open an edition; old editions stay selectable by name.  Raises: EditionUnknown."""
    return FactorSet(tables.open_edition(edition))
