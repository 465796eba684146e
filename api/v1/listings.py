"""What is on offer now."""

import json
from typing import Annotated, Literal

from pydantic import Field

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.projects import Country, MaxPrice, PrefectureCode, Vintage
from api.v1.shapes import Currency, Cursor, Page, PageSize, View, Wish, cursor_after, malformed_cursor, place_in
from marketplace.clock import japan_date
from marketplace.listings.offers import Offer, OfferFilter, Place, find_offers
from marketplace.projects.eligibility import Purpose
from marketplace.projects.kinds import CreditKind, RegistryCode

ASK_EACH_TIME = "public, no-cache"
GRAMS_PER_TONNE = 1_000_000


class ListingQuery(Wish):
    registry: RegistryCode | None = None
    kind: CreditKind | None = None
    country: Country = None
    prefecture: PrefectureCode = None
    project: Annotated[str | None, Field(max_length=100, description="A project's key.")] = None
    use: Annotated[Purpose | None, Field(description="Only credits whose claim for this use is confirmed.")] = None
    vintage: Vintage = None
    max_price_per_tonne: MaxPrice = None
    limit: PageSize = 25
    cursor: Cursor = None


class VintageView(View):
    """When the reductions happened: a calendar year, a fiscal year or a monitoring period."""

    basis: Literal["calendar_year", "fiscal_year", "monitoring_period"]
    label: str
    tonnes: int | None = Field(
        default=None, description="How much of the whole block falls into it, where that is known."
    )


class ProviderView(View):
    id: str
    name_ja: str
    name_en: str
    invented: bool = Field(description="A provider made up for the sandbox.")


class ListingView(View):
    """A provider's offer. Prices are before consumption tax; `free_g` may be sold before you hold it with a quote."""

    id: str
    project: str
    name_ja: str
    name_en: str
    country: str
    registry: RegistryCode
    kind: CreditKind
    methodology: str
    certification_number: str
    vintages: list[VintageView]
    price_per_tonne: int
    currency: Currency
    minimum_g: int
    free_g: int
    provider: ProviderView
    invented: bool = Field(description="Holdings, serials and price made up for the sandbox; the project is real.")

    @classmethod
    def of(cls, offer: Offer) -> "ListingView":
        activity = offer.project.activity(offer.block.methodology)
        return cls(
            id=offer.listing.id,
            project=offer.project.key,
            name_ja=activity.name_ja,
            name_en=activity.name_en,
            country=offer.project.country,
            registry=RegistryCode(offer.block.registry),
            kind=CreditKind(offer.block.credit_kind),
            methodology=offer.block.methodology,
            certification_number=offer.block.certification_number,
            vintages=[VintageView(**vintage) for vintage in json.loads(offer.block.vintages)],
            price_per_tonne=offer.listing.yen_per_tonne,
            currency="JPY",
            minimum_g=offer.listing.minimum_tonnes * GRAMS_PER_TONNE,
            free_g=offer.free_tonnes * GRAMS_PER_TONNE,
            provider=ProviderView(
                id=offer.provider.id,
                name_ja=offer.provider.name_ja,
                name_en=offer.provider.name_en,
                invented=offer.provider.invented,
            ),
            invented=offer.block.invented,
        )


@endpoint("GET", "/v1/listings", answers={200: Page[ListingView]}, tag="Catalogue", cache=ASK_EACH_TIME)
async def list_listings(call: Call, query: ListingQuery) -> Reply:
    """List what is on offer

    Cheapest first. Free amounts change with every sale, so no stored answer is used without asking again by its ETag.
    """
    wanted = OfferFilter(
        registry=query.registry,
        kind=query.kind,
        country=query.country,
        prefecture=query.prefecture,
        project=query.project,
        use=query.use,
        max_yen_per_tonne=query.max_price_per_tonne,
        vintage=query.vintage,
    )
    after = None if query.cursor is None else _place(query.cursor)
    today = japan_date(call.services.market.clock())
    found = await find_offers(wanted, on=today, limit=query.limit + 1, after=after)
    page = found[: query.limit]
    more = len(found) > query.limit
    return Reply(
        Page[ListingView](
            data=[ListingView.of(offer) for offer in page],
            next_cursor=cursor_after(str(page[-1].listing.yen_per_tonne), page[-1].listing.id) if more else None,
        )
    )


def _place(cursor: str) -> Place:
    price, listing_id = place_in(cursor, 2)
    if not (price.isascii() and price.isdigit() and len(price) <= 12 and len(listing_id) <= 64):
        raise malformed_cursor()
    return Place(int(price), listing_id)
