"""A footprint: lines, their total, what was left out and why, and everything needed to check it years later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from offset_calc.factors import Factor
from offset_calc.lines import ASSUMPTION, Line
from offset_calc.quantities import Grams, Rounding, plain

FORMAT = "ashiato.footprint/1"


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day, both included, Japan time."""

    start: date
    end: date

    @classmethod
    def fiscal_year(cls, year: int) -> Period:
        """The Japanese fiscal year: 1 April of `year` to 31 March of the next."""
        return cls(date(year, 4, 1), date(year + 1, 3, 31))

    def as_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}


@dataclass(frozen=True, slots=True)
class Excluded:
    """A category that is not counted, with the reason: not_stated, or one of the declared reasons."""

    category: str
    requirement: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        """JSON form."""
        return {"category": self.category, "requirement": self.requirement, "reason": self.reason}


@dataclass(frozen=True)
class Footprint:
    """An estimate of emissions for a stated boundary.

    inputs: the normalised inputs, which read_inputs accepts again.  not_counted: keys of emissions that the methods used do
    not cover.  edition and factor_set_sha256 name the figures it was computed with; own_factors are carried in full.
    """

    type: str
    version: int
    subject: Mapping[str, str]
    period: Period
    inputs: Mapping[str, Any]
    lines: tuple[Line, ...]
    excluded: tuple[Excluded, ...]
    not_counted: tuple[str, ...]
    edition: str
    factor_set_sha256: str
    rounding: Rounding = Rounding.HALF_UP
    own_factors: tuple[Factor, ...] = ()

    @cached_property
    def total(self) -> Grams:
        """Sum of the lines. It is not rounded again, so that the shown lines add up."""
        return Grams(sum(line.g for line in self.lines))

    @property
    def complete(self) -> bool:
        """Whether every category that the guidance requires is counted, or declared not to occur."""
        return not any(e.requirement == "must" and e.reason == "not_stated" for e in self.excluded)

    def by_category(self) -> dict[str, Grams]:
        """Grams per category, in order of the lines."""
        sums: dict[str, int] = {}
        for line in self.lines:
            sums[line.category] = sums.get(line.category, 0) + line.g
        return {category: Grams(value) for category, value in sums.items()}

    def assumptions(self) -> list[dict[str, object]]:
        """Every default that stands in for a figure the user did not give: what, how much, on which basis, where."""
        return [
            {
                "category": line.category,
                "row": line.row,
                "name": term.name,
                "value": plain(term.value),
                "unit": term.unit,
                "basis": term.note,
            }
            for line in self.lines
            for term in line.terms
            if term.source == ASSUMPTION
        ]

    def factors(self) -> tuple[Factor, ...]:
        """Every factor used, each once, in order of first use."""
        return tuple({factor.id: factor for line in self.lines for factor in line.factors}.values())

    def to_dict(self) -> dict[str, Any]:
        """The document: JSON-safe, decimals as text, grams as integers.  from_dict reads it back."""
        return {
            "format": FORMAT,
            "type": self.type,
            "version": self.version,
            "subject": dict(self.subject),
            "period": self.period.as_dict(),
            "rounding": self.rounding.value,
            "factor_set": {"edition": self.edition, "sha256": self.factor_set_sha256},
            "inputs": self.inputs,
            "lines": [line.as_dict() for line in self.lines],
            "categories": [{"category": c, "grams": g.value} for c, g in self.by_category().items()],
            "total_g": self.total.value,
            "complete": self.complete,
            "excluded": [e.as_dict() for e in self.excluded],
            "not_counted": list(self.not_counted),
            "assumptions": self.assumptions(),
            "factors": [factor.to_row() for factor in self.factors()],
            "own_factors": [factor.to_row() for factor in self.own_factors],
        }

    def canonical_json(self) -> str:
        """The document in one fixed spelling: sorted keys, no spaces, UTF-8 characters as they are."""
        return canonical_json(self.to_dict())

    @property
    def sha256(self) -> str:
        """Hash of canonical_json; changes when anything in the document changes."""
        return document_sha256(self.to_dict())


def canonical_json(document: Mapping[str, Any]) -> str:
    """The one spelling of a document that its hash is taken of. There are no floats in it, so no spelling to argue about."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def document_sha256(document: Mapping[str, Any]) -> str:
    """SHA-256 of canonical_json(document), in hexadecimal."""
    return hashlib.sha256(canonical_json(document).encode("utf-8")).hexdigest()
