"""A price and units held for a while; single use."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.errors import (
    BelowMinimum,
    FootprintNotFound,
    ListingClosed,
    ListingNotFound,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
)
from marketplace.footprints.models import StoredFootprint
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.listings.models import Listing
from marketplace.money import CONSUMPTION_TAX_PERCENT, price
from marketplace.quotes.models import Quote, QuoteLine
from marketplace.quotes.states import QuoteState


@dataclass(frozen=True, slots=True)
class WishedLine:
    listing_id: str
    tonnes: int


async def create(
    lines: Sequence[WishedLine],
    *,
    footprint_id: str | None,
    fee_basis_points: int,
    holds_for: timedelta,
    clock: Clock,
) -> Quote:
    """Hold the units and fix the price. Raises ListingNotFound, ListingClosed, BelowMinimum, NotEnoughUnits."""

    async def work(tx: BaseDBAsyncClient) -> Quote:
        now = clock()
        if footprint_id is not None and not await StoredFootprint.exists(id=footprint_id):
            raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
        listings = [await _sellable(line) for line in lines]
        net_by_provider: dict[str, int] = {}
        for line, listing in zip(lines, listings, strict=True):
            provider_id = listing.holding.account.provider_id
            net_by_provider[provider_id] = net_by_provider.get(provider_id, 0) + line.tonnes * listing.yen_per_tonne
        cost = price(net_by_provider, fee_basis_points=fee_basis_points)
        quote = await Quote.create(
            id=new_id("quo", now),
            state=QuoteState.OPEN,
            footprint_id=footprint_id,
            tonnes=sum(line.tonnes for line in lines),
            credits_yen=cost.credits_yen,
            fee_yen=cost.fee_yen,
            tax_yen=cost.tax_yen,
            total_yen=cost.total_yen,
            terms=json.dumps(
                {
                    "fee_basis_points": fee_basis_points,
                    "tax_percent": CONSUMPTION_TAX_PERCENT,
                    "net_yen_by_provider": net_by_provider,
                },
                sort_keys=True,
            ),
            expires_at=now + holds_for,
            created_at=now,
        )
        for line, listing in zip(lines, listings, strict=True):
            quote_line = await QuoteLine.create(
                id=new_id("qln", now),
                quote_id=quote.id,
                listing_id=listing.id,
                tonnes=line.tonnes,
                yen_per_tonne=listing.yen_per_tonne,
            )
            await inventory.reserve(
                tx, listing.holding_id, line.tonnes, quote_line_id=quote_line.id, until=quote.expires_at, now=now
            )
        return quote

    return await run_tx(work)


async def _sellable(line: WishedLine) -> Any:
    listing = await Listing.get_or_none(id=line.listing_id).prefetch_related("holding__account")
    if listing is None:
        raise ListingNotFound(f"no listing {line.listing_id}", listing_id=line.listing_id)
    if not listing.open:
        raise ListingClosed(f"listing {listing.id} is closed", listing_id=listing.id)
    if line.tonnes < listing.minimum_tonnes:
        raise BelowMinimum(
            f"listing {listing.id} sells from {listing.minimum_tonnes} t",
            listing_id=listing.id,
            minimum=listing.minimum_tonnes,
        )
    return listing


async def find(quote_id: str) -> Quote:
    quote = await Quote.get_or_none(id=quote_id)
    if quote is None:
        raise QuoteNotFound(f"no quote {quote_id}", quote_id=quote_id)
    return quote


async def lines_of(quote_id: str) -> list[QuoteLine]:
    return await QuoteLine.filter(quote_id=quote_id).order_by("id")


async def registries_of(quote_id: str) -> list[str]:
    """The codes of the registries that will cancel a quote's units."""
    listing_ids = [line.listing_id for line in await lines_of(quote_id)]
    listings = await Listing.filter(id__in=listing_ids).prefetch_related("holding__block")
    return sorted({listing.holding.block.registry for listing in listings})


async def use(quote: Quote, *, now: datetime) -> None:
    """Inside the order's transaction: take the quote, once. Raises QuoteUsed, QuoteExpired."""
    taken = 0
    if quote.expires_at > now:
        taken = await Quote.filter(id=quote.id, state=QuoteState.OPEN).update(state=QuoteState.USED)
    if taken == 1:
        return
    if (await find(quote.id)).state == QuoteState.USED:
        raise QuoteUsed(f"quote {quote.id} already made an order", quote_id=quote.id)
    raise QuoteExpired(f"quote {quote.id} held its price until {quote.expires_at}", quote_id=quote.id)


async def expire_stale(clock: Clock) -> int:
    """Give back the units of open quotes whose deadline has passed."""
    stale = await Quote.filter(state=QuoteState.OPEN, expires_at__lte=clock()).limit(100)
    for quote in stale:

        async def expire(tx: BaseDBAsyncClient, quote: Quote = quote) -> None:
            if await Quote.filter(id=quote.id, state=QuoteState.OPEN).update(state=QuoteState.EXPIRED) == 1:
                await inventory.release(tx, [line.id for line in await lines_of(quote.id)])

        await run_tx(expire)
    return len(stale)
