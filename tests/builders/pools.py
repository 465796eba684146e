"""A small market that sells grams, and orders of them."""

from dataclasses import replace

from marketplace.listings.models import Listing
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.pools.terms import PoolTerms
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.service import WishedLine
from tests.builders.market import SmallMarket, a_listing, a_wish

TONNE = 1_000_000


def with_pools(small: SmallMarket, **terms: object) -> SmallMarket:
    """The market with pools in the J-Credit registry; one pool at a time and no stock ahead of demand unless asked for."""
    pools = PoolTerms(**({"registries": frozenset({"jcredit"}), "pools": 1, "low_g": 0} | terms))
    small.market = replace(small.market, terms=replace(small.market.terms, pools=pools))
    return small


async def a_dear_listing(small: SmallMarket, **facts: object) -> Listing:
    """At a price at which even a gram is not too small a payment for a card."""
    return await a_listing(small, **({"yen_per_tonne": 100_000_000} | facts))


async def a_gram_quote(small: SmallMarket, listing: Listing, grams: int, *, footprint_id: str | None = None) -> Quote:
    return await quotes.create(
        [WishedLine.exactly(listing.id, grams)],
        footprint_id=footprint_id,
        fee_basis_points=small.market.terms.fee_basis_points,
        holds_for=small.market.terms.quote_lasts,
        clock=small.clock,
        pools=small.market.terms.pools,
    )


async def a_gram_order(small: SmallMarket, listing: Listing, grams: int, **wish: object) -> Order:
    """An order that awaits its payment."""
    order = await orders.place(small.market, a_wish(await a_gram_quote(small, listing, grams), **wish))
    return await orders.open_checkout(small.market, order.id)


async def paid_grams(small: SmallMarket, listing: Listing, grams: int, **wish: object) -> Order:
    """An order whose payment has arrived; nothing has followed from it yet."""
    order = await a_gram_order(small, listing, grams, **wish)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order
