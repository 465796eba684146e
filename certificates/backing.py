"""The confirmed cancellations behind the certificates: each on record once, always the same, with what is left of it.

The database adds up the shares (certificates/migrations/0001): no gram and no serial is ever used twice.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from certificates import models, rows
from certificates.statement import GRAMS_PER_TONNE, Cancellation


class CancellationDiffers(Exception):
    """An earlier certificate rests on a cancellation of the same reference with other serials."""

    code = "cancellation_differs"

    def __init__(self, our_reference: str) -> None:
        super().__init__(f"cancellation {our_reference} is on record with another block or other serials")
        self.our_reference = our_reference


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A confirmed cancellation as certificates rest on it; `spans` are first and last serial, both included."""

    our_reference: str
    registry: str
    block: str
    tonnes: int
    spans: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, cancellation: Cancellation) -> "OnRecord":
        spans = frozenset((span.first_serial, span.last_serial) for span in cancellation.serials)
        return cls(cancellation.our_reference, cancellation.registry, cancellation.block, cancellation.tonnes, spans)


async def put_on_record(cancellations: Mapping[str, Cancellation]) -> None:
    """Runs inside the caller's transaction. Raises CancellationDiffers; IntegrityError if a serial was used before."""
    await put_backing_on_record({reference: OnRecord.of(one) for reference, one in cancellations.items()})


async def put_backing_on_record(cancellations: Mapping[str, OnRecord]) -> None:
    """As put_on_record."""
    # whoever inserts a row first makes the others wait here until its spans are committed
    new = await rows.insert_missing(
        *(
            models.CertifiedCancellation(
                our_reference=one.our_reference,
                registry=one.registry,
                block=one.block,
                tonnes=one.tonnes,
                certified_g=0,
            )
            for _, one in sorted(cancellations.items())
        )
    )
    ours = [cancellations[row.our_reference] for row in new]
    await rows.insert(
        *(
            models.CertifiedSpan(
                our_reference=one.our_reference,
                registry=one.registry,
                block=one.block,
                first_serial=first,
                last_serial=last,
            )
            for one in ours
            for first, last in sorted(one.spans)
        )
    )
    known = {one.our_reference: one for one in ours}
    known |= await _on_record(cancellations.keys() - known.keys())
    for reference, cancellation in cancellations.items():
        if known[reference] != cancellation:
            raise CancellationDiffers(reference)


async def _on_record(references: Collection[str]) -> dict[str, OnRecord]:
    found = await rows.find_all(models.CertifiedCancellation, our_reference=sorted(references))
    spans: dict[str, set[tuple[int, int]]] = {row.our_reference: set() for row in found}
    for span in await rows.find_all(models.CertifiedSpan, our_reference=sorted(spans)):
        spans[span.our_reference].add((span.first_serial, span.last_serial))
    return {
        row.our_reference: OnRecord(
            row.our_reference, row.registry, row.block, row.tonnes, frozenset(spans[row.our_reference])
        )
        for row in found
    }


async def grams_left(our_reference: str) -> int | None:
    """What certificates have not taken of a cancellation yet, e.g. of a pool tonne; None before its first certificate."""
    row = await models.CertifiedCancellation.get_or_none(our_reference=our_reference)
    return None if row is None else row.tonnes * GRAMS_PER_TONNE - row.certified_g
