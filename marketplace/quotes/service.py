"""A price and units held for a while; single use."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import Clock, japan_date
from marketplace.closures.service import closed_registries, refuse_closed_registry
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.errors import (
    BelowMinimum,
    FootprintNotFound,
    ListingClosed,
    ListingNotFound,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
    UseNotPermitted,
)
from marketplace.footprints.models import StoredFootprint
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.listings.listed import lines_with_listings, listings_with_holdings
from marketplace.listings.models import Listing
from marketplace.pools import service as drawing
from marketplace.pools.models import PoolLine
from marketplace.pools.terms import PoolTerms
from marketplace.projects.eligibility import Purpose
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote, QuoteLine
from marketplace.quotes.states import QuoteState
from marketplace.quotes.writing import PricedLine, write


@dataclass(frozen=True, slots=True)
class WishedLine:
    """Whole tonnes of a listing, cancelled in the buyer's own name, and grams below a tonne out of its pools."""

    listing_id: str
    tonnes: int
    pool_g: int = 0

    @classmethod
    def exactly(cls, listing_id: str, grams: int) -> "WishedLine":
        return cls(listing_id, *divmod(grams, GRAMS_PER_TONNE))

    @classmethod
    def rounded_up(cls, listing_id: str, grams: int) -> "WishedLine":
        return cls(listing_id, -(-grams // GRAMS_PER_TONNE))


async def create(
    lines: Sequence[WishedLine],
    *,
    footprint_id: str | None,
    fee_basis_points: int,
    holds_for: timedelta,
    clock: Clock,
    pools: PoolTerms | None = None,
    tops_up: str | None = None,
) -> Quote:
    """Hold the units and fix the price; without `pools` only whole tonnes are sold.

    Raises ListingNotFound, ListingClosed, RegistryClosed, BelowMinimum, NotEnoughUnits, PoolNotOffered, FootprintNotFound.
    """
    pool_terms = pools or PoolTerms()

    async def work(tx: BaseDBAsyncClient) -> Quote:
        now = clock()
        if footprint_id is not None and not await StoredFootprint.exists(id=footprint_id):
            raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
        offered = await listings_with_holdings([line.listing_id for line in lines])
        closed = await closed_registries()
        priced = [_sellable(line, offered, closed, pool_terms, on=japan_date(now)) for line in lines]
        quote = await write(
            priced,
            footprint_id=footprint_id,
            fee_basis_points=fee_basis_points,
            expires_at=now + holds_for,
            now=now,
            tops_up=tops_up,
        )
        for line in priced:
            await _hold(tx, quote, line, pool_terms, now=now)
        return quote

    return await run_tx(work)


async def sellable(line: WishedLine, pools: PoolTerms, *, on: date) -> PricedLine:
    """The line at the price of a day in Japan time.

    Raises ListingNotFound, ListingClosed, RegistryClosed, BelowMinimum, PoolNotOffered.
    """
    offered = await listings_with_holdings([line.listing_id])
    return _sellable(line, offered, await closed_registries(), pools, on=on)


def _sellable(
    line: WishedLine, offered: Mapping[str, Listing], closed: Collection[str], pools: PoolTerms, *, on: date
) -> PricedLine:
    listing = offered.get(line.listing_id)
    if listing is None:
        raise ListingNotFound(f"no listing {line.listing_id}", listing_id=line.listing_id)
    if not listing.is_offered(on):
        raise ListingClosed(f"listing {listing.id} is not on sale", listing_id=listing.id)
    refuse_closed_registry(listing.holding.block.registry, closed)
    if line.pool_g:
        drawing.refuse_unless_offered(listing, pools)
    if line.tonnes < listing.minimum_tonnes and (line.tonnes or not line.pool_g):
        raise BelowMinimum(
            f"listing {listing.id} sells from {listing.minimum_tonnes} t",
            listing_id=listing.id,
            minimum=listing.minimum_tonnes,
        )
    return PricedLine(listing, line.tonnes, line.pool_g)


async def _hold(tx: BaseDBAsyncClient, quote: Quote, line: PricedLine, pools: PoolTerms, *, now: datetime) -> None:
    at: dict[str, Any] = {
        "quote_id": quote.id,
        "listing_id": line.listing.id,
        "yen_per_tonne": line.listing.yen_per_tonne,
    }
    if line.tonnes:
        held = QuoteLine(id=new_id("qln", now), tonnes=line.tonnes, **at)
        await rows.insert(held)
        await inventory.reserve(
            tx, line.listing.holding_id, line.tonnes, quote_line_id=held.id, until=quote.expires_at, now=now
        )
    if line.pool_g:
        drawn = PoolLine(id=new_id("pln", now), grams=line.pool_g, **at)
        await rows.insert(drawn)
        await drawing.draw(tx, drawn, pools, now=now)


async def find(quote_id: str) -> Quote:
    quote = await rows.find(Quote, id=quote_id)
    if quote is None:
        raise QuoteNotFound(f"no quote {quote_id}", quote_id=quote_id)
    return quote


async def lines_of(quote_id: str) -> list[QuoteLine]:
    return await rows.find_all(QuoteLine, quote_id=quote_id, order_by="id")


@dataclass(frozen=True, slots=True)
class Part:
    """A line of a quote with the listing that it is sold from, which comes with its whole holding."""

    line: QuoteLine | PoolLine
    listing: Listing

    @property
    def registry(self) -> str:
        """The code of the registry that cancels it."""
        return self.listing.holding.block.registry


async def parts_of(quote: Quote) -> list[Part]:
    """All that a quote sells, whole tonnes first."""
    return (await parts_of_all([quote]))[quote.id]


async def parts_of_all(quotes: Sequence[Quote]) -> dict[str, list[Part]]:
    """As parts_of, by quote."""
    parts: dict[str, list[Part]] = {quote.id: [] for quote in quotes}
    for own, listing in await lines_with_listings(QuoteLine, [quote.id for quote in quotes if quote.own_tonnes]):
        parts[own.quote_id].append(Part(own, listing))
    for drawn, listing in await lines_with_listings(PoolLine, [quote.id for quote in quotes if quote.pool_g]):
        parts[drawn.quote_id].append(Part(drawn, listing))
    return parts


async def registries_of(quote_id: str) -> list[str]:
    """The codes of the registries that cancel a quote's units, those of its pools included."""
    return registries(await parts_of(await find(quote_id)))


def registries(parts: Sequence[Part]) -> list[str]:
    return sorted({part.registry for part in parts})


def refuse_other_uses(parts: Sequence[Part], purpose: Purpose) -> None:
    """Providers may sell for certain uses only; what comes out of pools is the service's. Raises UseNotPermitted."""
    for part in parts:
        if isinstance(part.line, QuoteLine) and not part.listing.permits(purpose):
            raise UseNotPermitted(
                f"{part.listing.id} is not sold for {purpose}", listing_id=part.listing.id, purpose=purpose.value
            )


async def use(quote: Quote, *, now: datetime) -> None:
    """Inside the order's transaction: take the quote, once. Raises QuoteUsed, QuoteExpired."""
    taken = 0
    if quote.expires_at > now:
        taken = await rows.change(Quote, {"id": quote.id, "state": QuoteState.OPEN}, state=QuoteState.USED)
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
                await release(tx, quote.id)

        await run_tx(expire)
    return len(stale)


async def hold_until(quote_id: str, until: datetime) -> None:
    """Give what the quote holds a later deadline; grams of pools have none of their own."""
    await inventory.hold_until([line.id for line in await lines_of(quote_id)], until)


async def hold_parts_until(parts: Sequence[Part], until: datetime) -> None:
    """As hold_until, for a quote's parts in hand."""
    await inventory.hold_until([part.line.id for part in parts if isinstance(part.line, QuoteLine)], until)


async def release(tx: BaseDBAsyncClient, quote_id: str) -> None:
    """Give back all that the quote holds and that is not on its way to a registry or handed on."""
    await inventory.release(tx, [line.id for line in await lines_of(quote_id)])
    await drawing.give_back(quote_id)
