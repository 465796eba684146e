"""A price that stands for a while, with the units it is for."""

import json
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.projects import Country, PrefectureCode, Vintage
from api.v1.shapes import Currency, Grams, Id, View, Wish, Yen
from marketplace.closures.errors import RegistryClosed
from marketplace.errors import (
    BelowMinimum,
    BudgetTooLow,
    ClaimNotConfirmed,
    FootprintNotFound,
    ListingClosed,
    ListingNotFound,
    MixNotAvailable,
    NotEnoughUnits,
    NothingToTopUp,
    OrderNotFound,
    PoolNotOffered,
    QuoteNotFound,
    TopUpTooEarly,
)
from marketplace.listings.offers import OfferFilter
from marketplace.market import Market
from marketplace.money import consumption_tax
from marketplace.orders import service as orders
from marketplace.pools import service as pools
from marketplace.projects.eligibility import Purpose
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.quotes import service as quotes
from marketplace.quotes import wishing
from marketplace.quotes.mix import MOST_PROJECTS, Mix
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote
from marketplace.quotes.service import WishedLine
from marketplace.quotes.signed import sign_quote
from marketplace.quotes.topping_up import open_grams
from marketplace.quotes.wishing import Amount
from marketplace.quotes.writing import yen_of

SERVICE = "service"


class QuoteLineWish(Wish):
    listing_id: Id
    amount_g: Annotated[Grams | None, Field(description="Leave it out to share the quote's own amount or budget.")] = (
        None
    )


class MixWish(Wish):
    """Which credits may be in it, and over how many projects whole tonnes are spread; the cheapest are taken."""

    registry: RegistryCode | None = None
    kind: CreditKind | None = None
    country: Country = None
    prefecture: PrefectureCode = None
    use: Annotated[Purpose | None, Field(description="Only kinds that are confirmed for it.")] = None
    vintage: Vintage = None
    max_price_per_tonne: Annotated[int | None, Field(ge=1, description="Yen, without tax.")] = None
    projects: Annotated[int, Field(ge=1, le=MOST_PROJECTS)] = 1

    def rules(self, *, round_up: bool) -> Mix:
        wanted = OfferFilter(
            registry=self.registry,
            kind=self.kind,
            country=self.country,
            prefecture=self.prefecture,
            use=self.use,
            max_yen_per_tonne=self.max_price_per_tonne,
            vintage=self.vintage,
        )
        return Mix(wanted, self.projects, round_up)


class ClaimWish(Wish):
    """What the credits are for; refused unless every kind among them is confirmed for it."""

    use: Purpose


class QuoteWish(Wish):
    """Which credits: `listings` or `mix`. How much: `amount_g` per listing, or once `amount_g` or `budget` for one listing or a mix.

    `footprint_id` is the footprint that the certificate will state. With `rounding` "whole" only whole tonnes are bought,
    in your own name; with "exact" what is left below a tonne comes out of a pool.
    """

    listings: Annotated[list[QuoteLineWish] | None, Field(min_length=1, max_length=20)] = None
    mix: MixWish | None = None
    amount_g: Grams | None = None
    budget: Annotated[Yen | None, Field(description="The most that you will pay, in yen, fee and tax included.")] = None
    rounding: Literal["exact", "whole"] = "exact"
    claim: ClaimWish | None = None
    footprint_id: Id | None = None
    tops_up: Annotated[
        Id | None,
        Field(description="Token of an earlier order; the amount is then what it leaves open of `footprint_id`."),
    ] = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "QuoteWish":
        if (self.listings is None) == (self.mix is None):
            raise ValueError("listings_or_mix")
        single = [one for one in (self.amount_g, self.budget, self.tops_up) if one is not None]
        if self.tops_up is not None and self.footprint_id is None:
            raise ValueError("top_up_needs_footprint")
        per_line = [line.amount_g is not None for line in self.listings or ()]
        if len(single) > 1 or (any(per_line) and (single or not all(per_line))):
            raise ValueError("one_amount")
        if not any(per_line) and not single:
            raise ValueError("amount_or_budget")
        if single and len(per_line) > 1:
            raise ValueError("amount_per_listing")
        return self


class QuoteLineView(View):
    """`from_pool`: out of a cancellation in the service's own name that several buyers share."""

    listing_id: str
    amount_g: int
    from_pool: bool
    price_per_tonne: int
    credits: int


class SellerView(View):
    """Who sells what part: a provider its credits, the service its fee and the grams out of pools. Tax is rounded down once each."""

    seller: str
    net: int
    tax: int
    receives: int


class QuoteView(View):
    """Yen: `total` = `credits` + `fee` + `tax`. The units are yours until `expires_at`; a quote makes one order.

    `signed` is our signature under it (a JSON Web Signature of type quote+jwt with a key of /.well-known/jwks.json).
    """

    id: str
    state: str
    amount_g: int
    listings: list[QuoteLineView]
    sellers: list[SellerView]
    credits: int
    fee: int
    tax: int
    total: int
    currency: Currency
    footprint_id: str | None
    tops_up: str | None = Field(description="Id of the earlier order whose rest this covers.")
    expires_at: datetime
    created_at: datetime
    signed: str


class QuotePath(Wish):
    quote_id: Id


@endpoint(
    "POST",
    "/v1/quotes",
    answers={201: QuoteView},
    refuses=(
        ListingNotFound,
        ListingClosed,
        RegistryClosed,
        BelowMinimum,
        NotEnoughUnits,
        PoolNotOffered,
        MixNotAvailable,
        BudgetTooLow,
        ClaimNotConfirmed,
        FootprintNotFound,
        OrderNotFound,
        TopUpTooEarly,
        NothingToTopUp,
    ),
    tag="Buying",
    key=KeyPolicy.OPTIONAL,
    example={"listings": [{"listing_id": "$LISTING_ID", "amount_g": 7_000_000}], "footprint_id": "$FOOTPRINT_ID"},
)
async def create_quote(call: Call, body: QuoteWish) -> Reply:
    """Fix a price and hold the units

    All or nothing: if one listing has too little left, nothing is held. An unused quote gives its units back by itself.
    Prices are rounded down to whole yen in your favour; nothing costs less than one yen.
    """
    market = call.services.market
    return Reply(await _view(market, await _quoted(market, body)), 201)


@endpoint("GET", "/v1/quotes/{quote_id}", answers={200: QuoteView}, refuses=(QuoteNotFound,), tag="Buying")
async def read_quote(call: Call, path: QuotePath) -> Reply:
    """Read a quote"""
    return Reply(await _view(call.services.market, await quotes.find(path.quote_id)))


async def _quoted(market: Market, body: QuoteWish) -> Quote:
    round_up = body.rounding == "whole"
    amount = Amount(body.amount_g, body.budget, round_up)
    first = None
    if body.tops_up is not None and body.footprint_id is not None:
        first = await orders.find_by_token(body.tops_up)
        amount = Amount(await open_grams(first, body.footprint_id), None, round_up)
    tops_up = first.id if first else None
    claim = body.claim.use if body.claim else None
    if body.mix is not None:
        mix = body.mix.model_copy(update={"use": body.mix.use or claim})
        rules = mix.rules(round_up=round_up)
        return await wishing.quote_mix(market, rules, amount, footprint_id=body.footprint_id, tops_up=tops_up)
    listings = body.listings or []
    if amount.grams is not None or amount.budget_yen is not None:
        listing_id = listings[0].listing_id
        return await wishing.quote_listing(
            market, listing_id, amount, footprint_id=body.footprint_id, claim=claim, tops_up=tops_up
        )
    make = WishedLine.rounded_up if round_up else WishedLine.exactly
    lines = [make(line.listing_id, line.amount_g or 0) for line in listings]
    return await wishing.quote_lines(market, lines, footprint_id=body.footprint_id, claim=claim)


async def _view(market: Market, quote: Quote) -> QuoteView:
    lines = await quotes.lines_of(quote.id) if quote.own_tonnes else []
    pool_lines = await pools.lines_of(quote.id) if quote.pool_g else []
    terms = json.loads(quote.terms)
    return QuoteView(
        id=quote.id,
        state=quote.state,
        amount_g=quote.grams,
        listings=[
            *(
                QuoteLineView(
                    listing_id=line.listing_id,
                    amount_g=line.tonnes * GRAMS_PER_TONNE,
                    from_pool=False,
                    price_per_tonne=line.yen_per_tonne,
                    credits=line.tonnes * line.yen_per_tonne,
                )
                for line in lines
            ),
            *(
                QuoteLineView(
                    listing_id=line.listing_id,
                    amount_g=line.grams,
                    from_pool=True,
                    price_per_tonne=line.yen_per_tonne,
                    credits=yen_of(line.grams, line.yen_per_tonne),
                )
                for line in pool_lines
            ),
        ],
        sellers=_sellers(quote, terms["net_yen_by_provider"], terms.get("pool_net_yen", 0)),
        credits=quote.credits_yen,
        fee=quote.fee_yen,
        tax=quote.tax_yen,
        total=quote.total_yen,
        currency="JPY",
        footprint_id=quote.footprint_id,
        tops_up=quote.tops_up,
        expires_at=quote.expires_at,
        created_at=quote.created_at,
        signed=sign_quote(quote, lines, pool_lines, ring=market.signing_keys, issuer_url=market.base_url),
    )


def _sellers(quote: Quote, by_provider: dict[str, int], pooled_yen: int) -> list[SellerView]:
    ours = quote.fee_yen + pooled_yen
    supplies = [*by_provider.items(), *([(SERVICE, ours)] if ours else [])]
    return [
        SellerView(seller=seller, net=net, tax=consumption_tax(net), receives=net + consumption_tax(net))
        for seller, net in supplies
    ]
