"""Products: what a unit emits, the periods of their cover, and how they stand."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints, model_validator

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.shapes import Cursor, Id, Page, PageSize, View, WholeNumber, Wish, cursor_after, place_in
from marketplace.accounts.keys import Scope
from marketplace.errors import FootprintNotFound
from marketplace.products import service as products
from marketplace.products.coverage import Coverage, coverage
from marketplace.products.errors import (
    FootprintVersionRefused,
    PeriodRefused,
    PeriodsOverlap,
    ProductEnded,
    ProductNotFound,
)
from marketplace.products.models import Product
from marketplace.products.service import ProductWish, UnitFootprint
from marketplace.products.states import CoverageState, ProductState, SalesMarket

TAG = "Products"
LONGEST_NAME, LONGEST_UNIT, LONGEST_EFFORT = 120, 60, 1_000
_PLAIN = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME, pattern=_PLAIN)]
UnitName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_UNIT, pattern=_PLAIN)
]
Effort = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_EFFORT)]
GramsPerUnit = Annotated[WholeNumber, Field(ge=1, le=10**12, description="Grams of CO2e.")]
NO_SUCH = (ProductNotFound,)


class PeriodWish(Wish):
    """Days in Japan time, both included."""

    first_day: date
    last_day: date


class FootprintWish(Wish):
    """What one unit emits from a day on. `covered_g_per_unit` is the part of it that is to be covered, all of it if left out."""

    g_per_unit: GramsPerUnit
    covered_g_per_unit: GramsPerUnit | None = None
    from_day: Annotated[date | None, Field(description="In Japan time; today if left out.")] = None
    footprint_id: Id | None = None

    @model_validator(mode="after")
    def _no_more_than_it_emits(self) -> "FootprintWish":
        if (self.covered_g_per_unit or 0) > self.g_per_unit:
            raise ValueError("covers_more_than_emitted")
        return self

    def stated(self, call: Call) -> UnitFootprint:
        return UnitFootprint(
            self.g_per_unit,
            self.covered_g_per_unit or self.g_per_unit,
            self.from_day or products.today(call.services.market),
            self.footprint_id,
        )


class ProductBody(Wish):
    """`reduction_effort` is what was done to emit less; it stands on every certificate of the cover."""

    name: Name
    functional_unit: Annotated[UnitName, Field(description="What one unit is, for instance “1 bottle of 500 ml”.")]
    market: Annotated[SalesMarket, Field(description="Where it is sold; what may be said of it depends on that.")]
    reduction_effort: Effort
    footprint: FootprintWish
    period: PeriodWish | None = None


class ProductPath(Wish):
    product_id: Id


class ProductsQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


class PeriodView(View):
    id: str
    first_day: date
    last_day: date


class FootprintVersionView(View):
    id: str
    g_per_unit: int
    covered_g_per_unit: int
    from_day: date
    footprint_id: str | None


class CoverageView(View):
    """How the product stands on a day in Japan: covered minus sold, from one ledger.

    The figures are of the period that the day falls into, else of the last one before it. `share_per_mille`, rounded down, is
    how much of the footprint of what was sold is covered.
    """

    on: date
    state: CoverageState
    from_day: date | None
    until_day: date | None
    covered_units: int
    covered_g: int
    sold_units: int
    returned_units: int
    left_units: int
    share_per_mille: int
    certificates: list[str] = Field(description="The newest twenty that count.")
    certificate_count: int

    @classmethod
    def of(cls, found: Coverage) -> "CoverageView":
        return cls(
            on=found.on,
            state=found.state,
            from_day=found.from_day,
            until_day=found.until_day,
            covered_units=found.covered_units,
            covered_g=found.covered_g,
            sold_units=found.sold_units,
            returned_units=found.returned_units,
            left_units=found.left_units,
            share_per_mille=found.share_per_mille,
            certificates=list(found.certificates),
            certificate_count=found.certificate_count,
        )


class ProductView(View):
    """Names are as typed: escape them where you show them. `page_url` is the public page."""

    id: str
    number: str
    url: str
    page_url: str
    name: str
    functional_unit: str
    market: SalesMarket
    state: ProductState
    sandbox: bool
    reduction_effort: str
    footprints: list[FootprintVersionView]
    periods: list[PeriodView]
    coverage: CoverageView
    created_at: datetime


EXAMPLE: dict[str, JsonValue] = {
    "name": "Example notebook",
    "functional_unit": "1 notebook",
    "market": "jp",
    "reduction_effort": "Changed to recycled paper",
    "footprint": {"g_per_unit": 850, "from_day": "2026-04-01"},
    "period": {"first_day": "2026-04-01", "last_day": "2027-03-31"},
}


@endpoint(
    "POST",
    "/v1/products",
    answers={201: ProductView},
    refuses=(FootprintNotFound, PeriodRefused),
    tag=TAG,
    key=KeyPolicy.REQUIRED,
    example=EXAMPLE,
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def create_product(call: Call, body: ProductBody) -> Reply:
    """Make a product

    It belongs to the organisation of your key. Nothing is covered before a certificate covers it.
    """
    if made := await call.made_before():
        product = await products.own(call.actor, made)
    else:
        footprint = body.footprint.stated(call)
        wish = ProductWish(body.name, body.functional_unit, body.market, body.reduction_effort, footprint)
        period = (body.period.first_day, body.period.last_day) if body.period else None
        product = await products.create_product(
            call.services.market, call.actor, wish, period=period, note_made=call.note_made
        )
    view = await view_of(call, product)
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET", "/v1/products", answers={200: Page[ProductView]}, tag=TAG, scope=Scope.PRODUCTS_READ, only_with_key=True
)
async def list_products(call: Call, query: ProductsQuery) -> Reply:
    """List your organisation's products

    Newest first, those that have ended included.
    """
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    found = await products.products_of(str(call.actor.organisation_id), limit=query.limit + 1, before=before)
    page = found[: query.limit]
    return Reply(
        Page[ProductView](
            data=[await view_of(call, product) for product in page],
            next_cursor=cursor_after(page[-1].id) if len(found) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/products/{product_id}",
    answers={200: ProductView},
    refuses=NO_SUCH,
    tag=TAG,
    cache="public, max-age=300",
)
async def read_product(call: Call, path: ProductPath) -> Reply:
    """Read a product and how it stands

    Open to everyone, like its public page.
    """
    return Reply(await view_of(call, await products.find(path.product_id)))


@endpoint(
    "POST",
    "/v1/products/{product_id}/footprints",
    answers={201: ProductView},
    refuses=(*NO_SUCH, ProductEnded, FootprintNotFound, FootprintVersionRefused),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    example={"g_per_unit": 820, "from_day": "2026-12-01"},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def add_footprint_version(call: Call, path: ProductPath, body: FootprintWish) -> Reply:
    """Say what a unit emits from a day on

    Sales before that day keep the grams they were counted with.
    """
    await products.add_footprint_version(call.services.market, call.actor, path.product_id, body.stated(call))
    return await _made(call, path)


@endpoint(
    "POST",
    "/v1/products/{product_id}/periods",
    answers={201: ProductView},
    refuses=(*NO_SUCH, ProductEnded, PeriodRefused, PeriodsOverlap),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    example={"first_day": "2027-04-01", "last_day": "2028-03-31"},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def add_cover_period(call: Call, path: ProductPath, body: PeriodWish) -> Reply:
    """Add a period of cover

    Cover that was bought for a period counts in it alone; sales count in the period that they fall into.
    """
    await products.add_period(call.services.market, call.actor, path.product_id, body.first_day, body.last_day)
    return await _made(call, path)


@endpoint(
    "POST",
    "/v1/products/{product_id}/end",
    answers={200: ProductView},
    refuses=NO_SUCH,
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def end_product(call: Call, path: ProductPath) -> Reply:
    """End a product for good

    Its badges and its page say that it has ended. Nothing is sold or covered any more; what was counted stays.
    """
    await products.end_product(call.services.market, call.actor, path.product_id)
    return Reply(await view_of(call, await products.find(path.product_id)))


async def _made(call: Call, path: ProductPath) -> Reply:
    view = await view_of(call, await products.find(path.product_id))
    return Reply(view, 201, location=view.url)


async def view_of(call: Call, product: Product) -> ProductView:
    origin = call.services.public_origin
    found = await coverage(product, products.today(call.services.market))
    return ProductView(
        id=product.id,
        number=product.number,
        url=f"{origin}/v1/products/{product.id}",
        page_url=f"{origin}/p/{product.number}",
        name=product.name,
        functional_unit=product.functional_unit,
        market=SalesMarket(product.market),
        state=ProductState(product.state),
        sandbox=found.sandbox,
        reduction_effort=product.reduction_effort,
        footprints=[
            FootprintVersionView(
                id=one.id,
                g_per_unit=one.g_per_unit,
                covered_g_per_unit=one.covered_g_per_unit,
                from_day=one.from_day,
                footprint_id=one.footprint_id,
            )
            for one in await products.versions_of(product.id)
        ],
        periods=[
            PeriodView(id=one.id, first_day=one.first_day, last_day=one.last_day)
            for one in await products.periods_of(product.id)
        ],
        coverage=CoverageView.of(found),
        created_at=product.created_at,
    )
