"""What a quote costs, line by line."""

import json
from dataclasses import dataclass
from datetime import datetime

from frontend.market_words import MarketWords
from frontend.offer_view import OfferView, view_of
from marketplace.listings.offers import offers_of
from marketplace.pools import service as pools
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.writing import yen_of


@dataclass(frozen=True, slots=True)
class LineView:
    offer: OfferView
    tonnes: int
    yen_per_tonne: int

    @property
    def yen(self) -> int:
        return self.tonnes * self.yen_per_tonne


@dataclass(frozen=True, slots=True)
class PoolLineView:
    """Grams out of a pool; `yen` is rounded down."""

    offer: OfferView
    grams: int
    yen_per_tonne: int
    yen: int


@dataclass(frozen=True, slots=True)
class Bill:
    """All yen; only `tax_yen` holds tax."""

    id: str
    grams: int
    lines: tuple[LineView, ...]
    pool_lines: tuple[PoolLineView, ...]
    fee_yen: int
    tax_yen: int
    tax_percent: int
    total_yen: int
    held_until: datetime


async def listings_of(quote_id: str) -> list[str]:
    """The listings that a quote's tonnes and grams are of."""
    lines, pool_lines = await quotes.lines_of(quote_id), await pools.lines_of(quote_id)
    return [*(line.listing_id for line in lines), *(line.listing_id for line in pool_lines)]


async def line_views(quote: Quote, words: MarketWords) -> tuple[tuple[LineView, ...], tuple[PoolLineView, ...]]:
    lines, pool_lines = await quotes.lines_of(quote.id), await pools.lines_of(quote.id)
    offers = await offers_of([*(line.listing_id for line in lines), *(line.listing_id for line in pool_lines)])
    of_providers = sum(line.tonnes * line.yen_per_tonne for line in lines)
    # a quote has one line of grams, and what is below a yen there may have been raised to one
    of_pools = quote.credits_yen - of_providers
    return (
        tuple(LineView(view_of(offers[line.listing_id], words), line.tonnes, line.yen_per_tonne) for line in lines),
        tuple(
            PoolLineView(
                view_of(offers[line.listing_id], words),
                line.grams,
                line.yen_per_tonne,
                of_pools if len(pool_lines) == 1 else yen_of(line.grams, line.yen_per_tonne),
            )
            for line in pool_lines
        ),
    )


async def bill_of(quote: Quote, words: MarketWords) -> Bill:
    lines, pool_lines = await line_views(quote, words)
    return Bill(
        id=quote.id,
        grams=quote.grams,
        lines=lines,
        pool_lines=pool_lines,
        fee_yen=quote.fee_yen,
        tax_yen=quote.tax_yen,
        tax_percent=json.loads(quote.terms)["tax_percent"],
        total_yen=quote.total_yen,
        held_until=quote.expires_at,
    )
