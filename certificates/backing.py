"""The confirmed cancellations behind the certificates: each on record once, always the same, with what is left of it.

The database adds up the shares (certificates/migrations/0001): no gram and no serial is ever used twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from certificates import models
from certificates.statement import GRAMS_PER_TONNE, Cancellation


class CancellationDiffers(Exception):
    """An earlier certificate rests on a cancellation of the same reference with other serials."""

    code = "cancellation_differs"

    def __init__(self, our_reference: str) -> None:
        super().__init__(f"cancellation {our_reference} is on record with another block or other serials")
        self.our_reference = our_reference


async def put_on_record(cancellations: Mapping[str, Cancellation]) -> None:
    """Runs inside the caller's transaction. Raises CancellationDiffers; IntegrityError if a serial was used before."""
    known = await _cancellations_on_record(cancellations)
    missing = [cancellations[reference] for reference in sorted(cancellations.keys() - known.keys())]
    if missing:
        # whoever inserts a row first makes the others wait here until its spans are committed
        await models.CertifiedCancellation.bulk_create(
            (
                models.CertifiedCancellation(
                    our_reference=one.our_reference,
                    registry=one.registry,
                    block=one.block,
                    tonnes=one.tonnes,
                    certified_g=0,
                )
                for one in missing
            ),
            ignore_conflicts=True,
        )
        by_others = await _cancellations_on_record([one.our_reference for one in missing])
        ours = [one for one in missing if not by_others[one.our_reference].spans]
        await models.CertifiedSpan.bulk_create(
            models.CertifiedSpan(
                our_reference=one.our_reference,
                registry=one.registry,
                block=one.block,
                first_serial=span.first_serial,
                last_serial=span.last_serial,
            )
            for one in ours
            for span in one.serials
        )
        known |= by_others | {
            one.our_reference: replace(by_others[one.our_reference], spans=_OnRecord.of(one).spans) for one in ours
        }
    for reference, cancellation in cancellations.items():
        if known[reference] != _OnRecord.of(cancellation):
            raise CancellationDiffers(reference)


@dataclass(frozen=True, slots=True)
class _OnRecord:
    registry: str
    block: str
    tonnes: int
    spans: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, cancellation: Cancellation) -> "_OnRecord":
        spans = frozenset((span.first_serial, span.last_serial) for span in cancellation.serials)
        return cls(cancellation.registry, cancellation.block, cancellation.tonnes, spans)


async def _cancellations_on_record(references: Collection[str]) -> dict[str, _OnRecord]:
    rows = await models.CertifiedCancellation.filter(our_reference__in=list(references))
    if not rows:
        return {}
    spans: dict[str, set[tuple[int, int]]] = {row.our_reference: set() for row in rows}
    for span in await models.CertifiedSpan.filter(our_reference__in=list(references)):
        spans[span.our_reference].add((span.first_serial, span.last_serial))
    return {
        row.our_reference: _OnRecord(row.registry, row.block, row.tonnes, frozenset(spans[row.our_reference]))
        for row in rows
    }


async def grams_left(our_reference: str) -> int | None:
    """What certificates have not taken of a cancellation yet, e.g. of a pool tonne; None before its first certificate."""
    row = await models.CertifiedCancellation.get_or_none(our_reference=our_reference)
    return None if row is None else row.tonnes * GRAMS_PER_TONNE - row.certified_g
