"""A few sensible credits for one footprint, so that nobody has to search through a catalogue first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.listings.offers import Offer, OfferFilter, find_offers, offers_of
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.projects.places import load_prefectures
from offset_calc import Footprint
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables

LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`reason` is a code: chosen, same_prefecture, cheapest, forest, jcm."""

    reason: str
    offer: Offer


async def suggest(footprint: Footprint, *, tonnes: int, chosen: str, on: date) -> Sequence[Suggestion]:
    """The listing `chosen` before, and the cheapest offer of each sort that can serve `tonnes` whole; each listing once."""
    wishes = [("cheapest", OfferFilter())]
    if prefecture := _prefecture(footprint):
        wishes.append(("same_prefecture", OfferFilter(prefecture=prefecture)))
    wishes.append(("forest", OfferFilter(kind=CreditKind.JCREDIT_FOREST)))
    wishes.append(("jcm", OfferFilter(registry=RegistryCode.JCM_JAPAN)))
    found: dict[str, Suggestion] = {}
    if offer := (await offers_of([chosen])).get(chosen):
        found[chosen] = Suggestion("chosen", offer)
    for reason, wish in wishes:
        offers = await find_offers(wish, on=on, limit=LOOKED_AT)
        fitting = [o for o in offers if o.free_tonnes >= tonnes >= o.listing.minimum_tonnes]
        if fitting and fitting[0].listing.id not in found:
            found[fitting[0].listing.id] = Suggestion(reason, fitting[0])
    return tuple(found.values())


def _prefecture(footprint: Footprint) -> str | None:
    """The ISO code of the prefecture where an event in Japan takes place."""
    key = footprint.subject.get("place")
    if key is None:
        return None
    place = place_tables.load(factor_sets.CURRENT_EDITION).by_key(key)
    names = {place.name_ja, place.within_ja}
    return next((p.code for p in load_prefectures().values() if p.name_ja in names), None)
