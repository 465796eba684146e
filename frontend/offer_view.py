"""An offer as it stands in a list or a choice: what it is, where from, what it costs."""

import json
from dataclasses import dataclass

from frontend.market_words import MarketWords
from marketplace.listings.offers import Offer
from marketplace.money import consumption_tax


@dataclass(frozen=True, slots=True)
class OfferView:
    """`yen_net` and `yen_gross` per tonne, without and with consumption tax. `translated`: the name is our translation."""

    listing: str
    project: str
    project_key: str
    translated: bool
    kind: str
    where: str
    registry: str
    vintages: str
    provider: str
    provider_id: str
    yen_net: int
    yen_gross: int
    free: int
    minimum: int
    invented: bool


def view_of(offer: Offer, words: MarketWords) -> OfferView:
    activity = offer.project.activity(offer.block.methodology)
    return OfferView(
        listing=offer.listing.id,
        project=words.name(activity),
        project_key=offer.project.key,
        translated=offer.project.our_translation.value == words.locale.value,
        kind=words.kind(offer.block.credit_kind),
        where=words.where(offer.project),
        registry=words.registry(offer.block.registry),
        vintages=words.list_of([vintage["label"].replace("/", "–") for vintage in json.loads(offer.block.vintages)]),
        provider=words.name(offer.provider),
        provider_id=offer.provider.id,
        yen_net=offer.listing.yen_per_tonne,
        yen_gross=offer.listing.yen_per_tonne + consumption_tax(offer.listing.yen_per_tonne),
        free=offer.free_tonnes,
        minimum=offer.listing.minimum_tonnes,
        invented=offer.block.invented,
    )
