"""A price that stands for a while, with the units it is for."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.shapes import Currency, Id, View, WholeTonnes, Wish
from marketplace.errors import BelowMinimum, FootprintNotFound, ListingClosed, ListingNotFound, NotEnoughUnits
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote, QuoteLine

GRAMS_PER_TONNE = 1_000_000


class QuoteLineWish(Wish):
    listing_id: Id
    amount_g: WholeTonnes


class QuoteWish(Wish):
    """What to hold. `footprint_id` is the footprint that the certificate will state."""

    listings: Annotated[list[QuoteLineWish], Field(min_length=1, max_length=20)]
    footprint_id: Id | None = None


class QuoteLineView(View):
    listing_id: str
    amount_g: int
    price_per_tonne: int
    credits: int


class QuoteView(View):
    """Yen: `total` = `credits` + `fee` + `tax`. The units are yours until `expires_at`; a quote makes one order."""

    id: str
    state: str
    amount_g: int
    listings: list[QuoteLineView]
    credits: int
    fee: int
    tax: int
    total: int
    currency: Currency
    footprint_id: str | None
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, quote: Quote, lines: list[QuoteLine]) -> "QuoteView":
        return cls(
            id=quote.id,
            state=quote.state,
            amount_g=quote.tonnes * GRAMS_PER_TONNE,
            listings=[
                QuoteLineView(
                    listing_id=line.listing_id,
                    amount_g=line.tonnes * GRAMS_PER_TONNE,
                    price_per_tonne=line.yen_per_tonne,
                    credits=line.tonnes * line.yen_per_tonne,
                )
                for line in lines
            ],
            credits=quote.credits_yen,
            fee=quote.fee_yen,
            tax=quote.tax_yen,
            total=quote.total_yen,
            currency="JPY",
            footprint_id=quote.footprint_id,
            expires_at=quote.expires_at,
            created_at=quote.created_at,
        )


@endpoint(
    "POST",
    "/v1/quotes",
    answers={201: QuoteView},
    refuses=(ListingNotFound, ListingClosed, BelowMinimum, NotEnoughUnits, FootprintNotFound),
    tag="Buying",
    key=KeyPolicy.OPTIONAL,
    example={"listings": [{"listing_id": "lst_…", "amount_g": 7_000_000}], "footprint_id": "fpr_…"},
)
async def create_quote(call: Call, body: QuoteWish) -> Reply:
    """Fix a price and hold the units

    All or nothing: if one listing has too little left, nothing is held. An unused quote gives its units back by itself.
    """
    market = call.services.market
    quote = await quotes.create(
        [quotes.WishedLine(line.listing_id, line.amount_g // GRAMS_PER_TONNE) for line in body.listings],
        footprint_id=body.footprint_id,
        fee_basis_points=market.terms.fee_basis_points,
        holds_for=market.terms.quote_lasts,
        clock=market.clock,
    )
    return Reply(QuoteView.of(quote, await quotes.lines_of(quote.id)), 201)
