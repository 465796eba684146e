"""Pool certificates as they stand: how much was handed on, what is left, and to which certificates."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from certificates import models
from certificates.records import CertificateNotFound, CertificateRecord, find, find_all


@dataclass(frozen=True, slots=True)
class Pool:
    """Whole grams; `parts` counts the certificates that hold some of them now."""

    number: str
    grams: int
    handed_g: int
    parts: int

    @property
    def left_g(self) -> int:
        return self.grams - self.handed_g


@dataclass(frozen=True, slots=True)
class Part:
    """A certificate that holds `grams` of a pool."""

    number: str
    grams: int
    issued_at: datetime


async def pool_of(number: str) -> Pool | None:
    """None for a certificate that is no pool. Raises CertificateNotFound."""
    record = await find(number)
    row = await models.PoolCertificate.get_or_none(certificate_id=record.id)
    if row is None:
        return None
    parts = await _shares(row.certificate_id).count()
    return Pool(row.number, row.grams, row.handed_g, parts)


async def parts_of(number: str, *, limit: int, after: str = "") -> Sequence[Part]:
    """Newest first; `after` is the last number of the page before."""
    row = await models.PoolCertificate.get(number=number)
    query = models.Certificate.filter(id__in=Subquery(_shares(row.certificate_id).values("certificate_id")))
    if after:
        query = query.filter(id__lt=(await find(after)).id)
    page = await query.order_by("-id").limit(limit).only("id", "number", "issued_at")
    shares = await models.CertificatePoolShare.filter(
        pool_id=row.certificate_id, certificate_id__in=[one.id for one in page]
    )
    grams = {share.certificate_id: share.grams for share in shares}
    return [Part(one.number, grams[one.id], one.issued_at.astimezone(UTC)) for one in page]


async def parents_of(record: CertificateRecord) -> Sequence[CertificateRecord]:
    """The pool certificates that this one has grams of, in the statement's order. Raises CertificateNotFound."""
    return await find_pools([share.parent for share in record.statement.from_pool or ()])


async def find_pools(numbers: Collection[str]) -> Sequence[CertificateRecord]:
    """In the order given. Raises CertificateNotFound."""
    found = await find_all(numbers)
    for number in numbers:
        if number not in found:
            raise CertificateNotFound(number)
    return [found[number] for number in numbers]


def _shares(pool_id: str) -> QuerySet[models.CertificatePoolShare]:
    ended = models.CertificateEnd.filter(kind="corrected").values("certificate_id")
    return models.CertificatePoolShare.filter(pool_id=pool_id).exclude(certificate_id__in=Subquery(ended))
