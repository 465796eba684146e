"""A mix by rules: which listings share an amount, worked out from what is on offer now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from marketplace.closures.service import closed_registries
from marketplace.errors import MixNotAvailable
from marketplace.listings.offers import Offer, OfferFilter, find_offers
from marketplace.money import allocate
from marketplace.pools.terms import PoolTerms
from marketplace.quotes.models import GRAMS_PER_TONNE
from marketplace.quotes.service import WishedLine

LOOKED_AT = 200
MOST_PROJECTS = 10


@dataclass(frozen=True, slots=True)
class Mix:
    """The cheapest listings that meet `wanted`, spread in equal whole tonnes over `projects` different projects.

    What is left below a tonne comes out of the pools of the cheapest of them; `round_up` buys a whole tonne instead.
    """

    wanted: OfferFilter = field(default_factory=OfferFilter)
    projects: int = 1
    round_up: bool = False


async def offers_for(mix: Mix, *, on: date) -> Sequence[Offer]:
    """What the mix may be made of, cheapest first; nothing of a registry that is closed for now."""
    closed = await closed_registries()
    offers = await find_offers(mix.wanted, on=on, limit=LOOKED_AT)
    return [offer for offer in offers if offer.block.registry not in closed]


def spread(mix: Mix, offers: Sequence[Offer], grams: int, pools: PoolTerms) -> list[tuple[Offer, WishedLine]]:
    """Who gives how much. Raises MixNotAvailable if fewer projects than asked for can give their share.

    An amount of fewer tonnes than projects is spread over as many as it has tonnes.
    """
    tonnes, rest = divmod(grams, GRAMS_PER_TONNE)
    if rest and mix.round_up:
        tonnes, rest = tonnes + 1, 0
    projects = max(1, min(mix.projects, tonnes))
    shares = allocate(tonnes, [1] * projects)
    chosen = _cheapest_per_project(offers, shares, rest, pools)
    if len(chosen) < projects:
        raise MixNotAvailable(
            f"{len(chosen)} of {projects} projects can give their share", projects=projects, found=len(chosen)
        )
    # the first is the cheapest, and has pools if they are needed
    return [
        (offer, WishedLine(offer.listing.id, share, rest if place == 0 else 0))
        for place, (offer, share) in enumerate(zip(chosen, shares, strict=True))
    ]


def _cheapest_per_project(offers: Sequence[Offer], shares: Sequence[int], rest: int, pools: PoolTerms) -> list[Offer]:
    chosen: list[Offer] = []
    for share in shares:
        taken = {offer.project.key for offer in chosen}
        needs_pools = rest > 0 and not chosen
        for offer in offers:
            if offer.project.key in taken or (needs_pools and offer.block.registry not in pools.registries):
                continue
            if (share and share < offer.listing.minimum_tonnes) or share + needs_pools > offer.free_tonnes:
                continue
            chosen.append(offer)
            break
        else:
            break
    return chosen
