"""A pool certificate and its parts as the page shows them: what there was, what is left, who holds which grams."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from certificates.pools import Part, Pool, parts_of, pool_of
from certificates.records import CertificateNotFound, CertificateRecord
from certificates.statement import DisclosedField
from marketplace.certification.publication import published
from marketplace.clock import japan_date
from marketplace.market import Market

PARTS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class PartView:
    """`number` and `name` are None where their owner does not want them shown."""

    number: str | None
    name: str | None
    grams: int
    issued_on: date


@dataclass(frozen=True, slots=True)
class PoolView:
    """`next_after` is the number after which the next page of parts begins."""

    pool: Pool
    parts: tuple[PartView, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class ShareView:
    """Grams that a certificate has of a pool."""

    pool: Pool
    grams: int


async def pool_view(market: Market, record: CertificateRecord, *, after: str) -> PoolView | None:
    """None for a certificate that is no pool. Raises CertificateNotFound for an unknown `after`."""
    pool = await pool_of(record.number) if record.statement.pool else None
    if pool is None:
        return None
    found = await parts_of(record.number, limit=PARTS_SHOWN + 1, after=after)
    shown = found[:PARTS_SHOWN]
    parts = tuple([await _part(market, part) for part in shown])
    return PoolView(pool, parts, shown[-1].number if len(found) > PARTS_SHOWN else None)


async def shares_view(record: CertificateRecord) -> Sequence[ShareView]:
    """Where the grams come from, and how each of these pools stands."""
    views = []
    for share in record.statement.from_pool or ():
        pool = await pool_of(share.parent)
        if pool is not None:
            views.append(ShareView(pool, share.grams))
    return views


async def _part(market: Market, part: Part) -> PartView:
    issued_on = japan_date(part.issued_at)
    try:
        publication = await published(market, part.number)
    except CertificateNotFound:
        return PartView(None, None, part.grams, issued_on)
    beneficiary = publication.disclosures.get(DisclosedField.BENEFICIARY)
    return PartView(part.number, beneficiary.value if beneficiary else None, part.grams, issued_on)
