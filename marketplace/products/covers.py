"""Cover enters the ledger with the certificate of the order that was bought for it, and leaves when that is revoked."""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.successors import issued_first_as
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.products.announcing import announce_coverage
from marketplace.products.counting import watch_soon
from marketplace.products.models import ProductCover, ProductEntry
from marketplace.products.states import EntryKind


async def is_bought_by(order: Order) -> bool:
    """Whether the order is to cover a product."""
    return await rows.find(ProductCover, quote_id=order.quote_id) is not None


async def certified(
    market: Market, tx: BaseDBAsyncClient, order: Order, number: str, grams: int, *, now: datetime
) -> None:
    """Inside the transaction that issues the order's certificate over `grams`; an order that covers no product changes nothing.

    If less was cancelled than bought, only the units that it suffices for are covered.
    """
    cover = await rows.find(ProductCover, quote_id=order.quote_id)
    if cover is None:
        return
    counted = min(grams, cover.grams)
    entry = await ProductEntry.create(
        product_id=cover.product_id,
        kind=EntryKind.COVERED,
        units=counted // cover.covered_g_per_unit,
        grams=counted,
        day=japan_date(now),
        period_id=cover.period_id,
        source=f"cover:{cover.id}",
        cover_id=cover.id,
        certificate_number=number,
        happened_at=now,
        counted_at=now,
    )
    await watch_soon(tx, market, cover.product_id, after=entry.id)
    await announce_coverage(cover.product_id, at=now)


async def revoked(market: Market, tx: BaseDBAsyncClient, number: str, *, now: datetime) -> None:
    """Inside the transaction that revokes a certificate, whatever corrections led to it: its cover is gone, once."""
    first = await issued_first_as(number)
    covered = await ProductEntry.get_or_none(kind=EntryKind.COVERED, certificate_number=first)
    if covered is None:
        return
    entry = await ProductEntry.create(
        product_id=covered.product_id,
        kind=EntryKind.UNCOVERED,
        units=covered.units,
        grams=covered.grams,
        day=japan_date(now),
        period_id=covered.period_id,
        source=f"uncover:{covered.cover_id}",
        cover_id=covered.cover_id,
        certificate_number=first,
        happened_at=now,
        counted_at=now,
    )
    await watch_soon(tx, market, covered.product_id, after=entry.id)
    await announce_coverage(covered.product_id, at=now)
