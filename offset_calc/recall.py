"""Recall of a factor that turned out wrong: which stored footprints used it, and what their totals should have been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from offset_calc.documents import from_dict
from offset_calc.footprint import Footprint, document_sha256
from offset_calc.lines import FACTOR, PUBLISHED, Line, product
from offset_calc.quantities import Grams, round_ratio


@dataclass(frozen=True, slots=True)
class Recall:
    """A factor marked wrong, with the reason; corrected_value is in the unit of the factor, None while it is not known."""

    factor_id: str
    reason: str
    corrected_value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """One stored footprint that used the factor.

    corrected is None while the right value is not known, or when the figure entered through a derived term and the footprint
    has to be calculated again from its inputs.
    """

    document_sha256: str
    subject: str
    lines: tuple[int, ...]
    stored: Grams
    corrected: Grams | None

    @property
    def shortfall(self) -> Grams | None:
        """By how much the stored total was too low; zero when it was too high; None when not known."""
        if self.corrected is None:
            return None
        return Grams(max(0, self.corrected.value - self.stored.value))


def affected(documents: Iterable[Mapping[str, Any]], recall: Recall) -> Iterator[Affected]:
    """Walk stored documents and report each one that used the recalled factor, with its corrected total.

    Reads one document at a time.  Raises: DocumentInvalid for one that is no footprint.
    """
    for document in documents:
        footprint = from_dict(document)
        hits = tuple(
            index for index, line in enumerate(footprint.lines) if any(f.id == recall.factor_id for f in line.factors)
        )
        if hits:
            yield Affected(
                document_sha256=document_sha256(document),
                subject=footprint.subject.get("name", ""),
                lines=hits,
                stored=footprint.total,
                corrected=_corrected(footprint, hits, recall),
            )


def _corrected(footprint: Footprint, hits: tuple[int, ...], recall: Recall) -> Grams | None:
    if recall.corrected_value is None:
        return None
    total = footprint.total.value
    for index in hits:
        line = footprint.lines[index]
        corrected = _line(line, footprint, recall.factor_id, recall.corrected_value)
        if corrected is None:
            return None
        total += corrected - line.g
    return Grams(total)


def _line(line: Line, footprint: Footprint, factor_id: str, value: Decimal) -> int | None:
    def is_hit(source: str, note: str) -> bool:
        return source in {FACTOR, PUBLISHED} and note == factor_id

    if not any(is_hit(term.source, term.note) for term in line.terms):
        return None
    terms = [term._replace(value=value) if is_hit(term.source, term.note) else term for term in line.terms]
    return round_ratio(*product(terms), footprint.rounding)
