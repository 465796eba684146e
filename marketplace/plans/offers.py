"""Credits that a plan may be covered with: listings whose grams are sold out of pools, the cheapest of each kind."""

from collections.abc import Sequence

from marketplace.clock import japan_date
from marketplace.listings.offers import Offer, OfferFilter, find_offers
from marketplace.market import Market
from marketplace.projects.kinds import RegistryCode

LOOKED_AT = 200


async def plan_offers(market: Market, *, most: int = 6) -> Sequence[Offer]:
    """The cheapest first. A listing without a free tonne may still have pools; it is left out, since the next month would not."""
    found: dict[str, Offer] = {}
    on = japan_date(market.clock())
    for registry in sorted(market.terms.pools.registries):
        for offer in await find_offers(OfferFilter(registry=RegistryCode(registry)), on=on, limit=LOOKED_AT):
            known = found.get(offer.block.credit_kind)
            if offer.free_tonnes and (known is None or offer.listing.yen_per_tonne < known.listing.yen_per_tonne):
                found[offer.block.credit_kind] = offer
    return sorted(found.values(), key=lambda offer: (offer.listing.yen_per_tonne, offer.listing.id))[:most]
