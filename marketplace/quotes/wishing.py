"""A buyer's wish for a quote, by amount or by budget, of named listings or of a mix, made into lines and held."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketplace.clock import japan_date
from marketplace.errors import ClaimNotConfirmed
from marketplace.listings.models import Listing
from marketplace.listings.offers import Offer
from marketplace.market import Market
from marketplace.projects.eligibility import Purpose, uses_for
from marketplace.projects.kinds import CreditKind
from marketplace.quotes import service as quotes
from marketplace.quotes.budget import grams_for
from marketplace.quotes.mix import Mix, offers_for, spread
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote
from marketplace.quotes.service import WishedLine
from marketplace.quotes.writing import PricedLine

MOST_GRAMS = 10**15


@dataclass(frozen=True, slots=True)
class Amount:
    """Exactly one of the two; `round_up` buys whole tonnes only."""

    grams: int | None = None
    budget_yen: int | None = None
    round_up: bool = False


async def quote_lines(
    market: Market,
    lines: Sequence[WishedLine],
    *,
    footprint_id: str | None,
    claim: Purpose | None = None,
    tops_up: str | None = None,
) -> Quote:
    """Named listings, each with its amount. Raises as quotes.service.create, and ClaimNotConfirmed."""
    if claim is not None:
        listings = await Listing.filter(id__in=[line.listing_id for line in lines]).prefetch_related("holding__block")
        _refuse_unless_confirmed(market, claim, [listing.holding.block.credit_kind for listing in listings])
    return await quotes.create(
        lines,
        footprint_id=footprint_id,
        fee_basis_points=market.terms.fee_basis_points,
        holds_for=market.terms.quote_lasts,
        clock=market.clock,
        pools=market.terms.pools,
        tops_up=tops_up,
    )


async def quote_listing(
    market: Market,
    listing_id: str,
    amount: Amount,
    *,
    footprint_id: str | None,
    claim: Purpose | None = None,
    tops_up: str | None = None,
) -> Quote:
    """One listing for an amount or a budget. Raises as quote_lines, and BudgetTooLow."""
    lines = [await _line(market, listing_id, amount)]
    return await quote_lines(market, lines, footprint_id=footprint_id, claim=claim, tops_up=tops_up)


async def quote_mix(
    market: Market, mix: Mix, amount: Amount, *, footprint_id: str | None, tops_up: str | None = None
) -> Quote:
    """A mix for an amount or a budget. Raises as quote_lines, MixNotAvailable, BudgetTooLow."""
    offers = await offers_for(mix, on=japan_date(market.clock()))
    terms = market.terms

    def lines(grams: int) -> list[tuple[Offer, WishedLine]]:
        return spread(mix, offers, grams, terms.pools)

    grams = amount.grams
    if grams is None:
        grams = grams_for(
            amount.budget_yen or 0,
            lambda grams: [PricedLine(offer.listing, line.tonnes, line.pool_g) for offer, line in lines(grams)],
            fee_basis_points=terms.fee_basis_points,
            whole_tonnes=mix.round_up or not terms.pools.registries,
            most_g=sum(offer.free_tonnes for offer in offers) * GRAMS_PER_TONNE,
        )
    return await quote_lines(market, [line for _, line in lines(grams)], footprint_id=footprint_id, tops_up=tops_up)


async def _line(market: Market, listing_id: str, amount: Amount) -> WishedLine:
    if amount.grams is not None:
        make = WishedLine.rounded_up if amount.round_up else WishedLine.exactly
        return make(listing_id, amount.grams)
    pools = market.terms.pools
    on = japan_date(market.clock())
    known = await quotes.sellable(WishedLine(listing_id, MOST_GRAMS // GRAMS_PER_TONNE), pools, on=on)
    whole = amount.round_up or known.listing.holding.block.registry not in pools.registries
    grams = grams_for(
        amount.budget_yen or 0,
        lambda grams: [PricedLine(known.listing, *divmod(grams, GRAMS_PER_TONNE))],
        fee_basis_points=market.terms.fee_basis_points,
        whole_tonnes=whole,
        most_g=MOST_GRAMS,
    )
    return WishedLine.exactly(listing_id, grams)


def _refuse_unless_confirmed(market: Market, claim: Purpose, kinds: Sequence[str]) -> None:
    on = japan_date(market.clock())
    for kind in kinds:
        if not any(use.purpose is claim and use.may_be_claimed for use in uses_for(CreditKind(kind), on)):
            raise ClaimNotConfirmed(f"{kind} is not confirmed for {claim}", kind=kind, purpose=claim.value)
