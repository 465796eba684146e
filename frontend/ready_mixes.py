"""Ready mixes to choose from, beside single offers: a few rules, each made into lines from what is on offer now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from marketplace.errors import MixNotAvailable
from marketplace.listings.offers import Offer, OfferFilter
from marketplace.pools.terms import PoolTerms
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.quotes.mix import Mix, offers_for, spread
from marketplace.quotes.models import GRAMS_PER_TONNE
from marketplace.quotes.service import WishedLine
from marketplace.quotes.writing import PricedLine, price_of

# The prefix keeps a mix apart from a listing's id in the same choice.
READY: Mapping[str, Mix] = {
    "mix:spread": Mix(OfferFilter(), projects=3),
    "mix:forest": Mix(OfferFilter(kind=CreditKind.JCREDIT_FOREST), projects=2),
    "mix:jcm": Mix(OfferFilter(registry=RegistryCode.JCM_JAPAN), projects=2),
}


@dataclass(frozen=True, slots=True)
class ReadyMix:
    """`code` is the key of the words market.toml [mix]; `total_yen` what its lines cost with fee and tax."""

    code: str
    lines: tuple[tuple[Offer, WishedLine], ...]
    total_yen: int


def rules_of(choice: str) -> Mix | None:
    return READY.get(choice)


async def ready_mixes(*, tonnes: int, fee_basis_points: int, on: date) -> Sequence[ReadyMix]:
    """Those that whole `tonnes` are to be had of now, over more than one project."""
    found = []
    for code, mix in READY.items():
        if tonnes < mix.projects:
            continue
        try:
            lines = tuple(spread(mix, await offers_for(mix, on=on), tonnes * GRAMS_PER_TONNE, PoolTerms()))
        except MixNotAvailable:
            continue
        priced = [PricedLine(offer.listing, line.tonnes, line.pool_g) for offer, line in lines]
        found.append(ReadyMix(code, lines, price_of(priced, fee_basis_points=fee_basis_points).total_yen))
    return found
