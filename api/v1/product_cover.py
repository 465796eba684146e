"""Buy cover for a product, one order at a time, and have a month of it in one document."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field, model_validator

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.orders import LocaleTag
from api.v1.products import ProductPath
from api.v1.shapes import Currency, Grams, Id, View, WholeNumber, Wish, Yen
from certificates.render_pdf import TextNotPrintable
from marketplace.accounts.keys import Scope
from marketplace.closures.errors import RegistryClosed
from marketplace.errors import (
    BalanceTooLow,
    BelowMinimum,
    ConsentMissing,
    ExternalIdTaken,
    ListingClosed,
    ListingNotFound,
    MixNotAvailable,
    NotEnoughUnits,
    PoolNotOffered,
    TotalAboveLimit,
)
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.products import service as products
from marketplace.products.buying import Credits, order_cover, quote_grams, quote_units
from marketplace.products.counting import MOST_UNITS
from marketplace.products.errors import (
    FootprintStartsLater,
    MonthNotOver,
    PeriodNotFound,
    ProductEnded,
    ProductNotFound,
    TooManyGrams,
)
from marketplace.products.models import ProductCover
from marketplace.products.states import CoverOrigin
from marketplace.products.summaries import signed, summary_of
from marketplace.registries.profiles import ActNotOffered

TAG = "Products"


class CoverBody(Wish):
    """`units` or `amount_g`. Without `period_id` the period of today; without `listing_id` the cheapest credits on offer."""

    units: Annotated[WholeNumber | None, Field(ge=1, le=MOST_UNITS)] = None
    amount_g: Grams | None = None
    period_id: Id | None = None
    listing_id: Id | None = None
    consent_version: Annotated[str, Field(max_length=40, description="Of the wording of GET /v1/consent.")]
    max_total: Yen | None = None
    locale: LocaleTag = "ja"

    @model_validator(mode="after")
    def _one_amount(self) -> "CoverBody":
        if (self.units is None) == (self.amount_g is None):
            raise ValueError("units_or_grams")
        return self


class CoverView(View):
    """Covered once the order has its certificate: read the order at `order_url`. `units` are those that the grams suffice for."""

    id: str
    product_id: str
    period_id: str
    units: int
    amount_g: int
    total: int
    currency: Currency
    order_id: str
    order_url: str
    order_state: OrderState
    certificate: str | None


class MonthPath(Wish):
    product_id: Id
    month: Annotated[str, Field(max_length=7, description="A month that is over in Japan, as 2026-10.")]


class CoveredByView(View):
    certificate: str
    units: int
    amount_g: int
    day: date
    revoked: bool


class MonthView(View):
    """A list of certificates with its sums, not a certificate. `signed` is our signature under it (a JSON Web Signature of
    type cover-summary+jwt with a key of /.well-known/jwks.json)."""

    product_id: str
    month: str
    first_day: date
    last_day: date
    made_at: datetime
    certificates: list[CoveredByView]
    covered_units: int
    covered_g: int
    sold_units: int
    returned_units: int
    kept_g: int
    signed: str


@endpoint(
    "POST",
    "/v1/products/{product_id}/cover",
    answers={201: CoverView},
    refuses=(
        ProductNotFound,
        ProductEnded,
        PeriodNotFound,
        FootprintStartsLater,
        TooManyGrams,
        ListingNotFound,
        ListingClosed,
        RegistryClosed,
        BelowMinimum,
        NotEnoughUnits,
        PoolNotOffered,
        MixNotAvailable,
        ConsentMissing,
        TotalAboveLimit,
        BalanceTooLow,
        ExternalIdTaken,
        ActNotOffered,
        TextNotPrintable,
    ),
    tag=TAG,
    key=KeyPolicy.REQUIRED,
    example={"units": 1, "consent_version": "2026-11-22", "max_total": 50},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def buy_cover(call: Call, path: ProductPath, body: CoverBody) -> Reply:
    """Cover units with an order of their own

    For instance one for each order in your shop. Paid at once from the prepaid balance of your organisation; less than a
    tonne comes out of a pool, and gets a certificate of its own.
    """
    market = call.services.market
    product = await products.own(call.actor, path.product_id)
    external_id = f"{product.organisation_id}:cover:{call.key}"
    order = await Order.get_or_none(external_id=external_id) if call.again else None
    if order is None:
        if body.period_id is not None:
            period = await products.period_of(product.id, body.period_id)
        else:
            period = await products.period_on(product.id, products.today(market))
        credits_ = Credits(body.listing_id)
        if body.units is not None:
            bought = await quote_units(market, product, period, body.units, credits_, origin=CoverOrigin.ORDER)
        else:
            grams = body.amount_g or 0
            bought = await quote_grams(market, product, period, grams, credits_, origin=CoverOrigin.ORDER)
        order = await order_cover(
            market,
            call.actor,
            product,
            bought,
            consent_version=body.consent_version,
            locale=body.locale,
            external_id=external_id,
            max_total_yen=body.max_total,
        )
    cover = await ProductCover.get(quote_id=order.quote_id)
    url = f"{call.services.public_origin}/v1/orders/{order.access_token}"
    view = CoverView(
        id=cover.id,
        product_id=cover.product_id,
        period_id=cover.period_id,
        units=cover.units,
        amount_g=cover.grams,
        total=order.total_yen,
        currency="JPY",
        order_id=order.id,
        order_url=url,
        order_state=OrderState(order.state),
        certificate=order.certificate_number,
    )
    return Reply(view, 201, location=url)


@endpoint(
    "GET",
    "/v1/products/{product_id}/months/{month}",
    answers={200: MonthView},
    refuses=(ProductNotFound, MonthNotOver),
    tag=TAG,
    scope=Scope.PRODUCTS_READ,
    only_with_key=True,
)
async def read_month(call: Call, path: MonthPath) -> Reply:
    """Read a month of cover in one document

    Every certificate that came in, what was revoked since, and what was sold. Each gram stays with its own certificate.
    """
    market = call.services.market
    product = await products.own(call.actor, path.product_id)
    summary = await summary_of(market, product, path.month)
    return Reply(
        MonthView(
            product_id=summary.product_id,
            month=summary.month,
            first_day=summary.first_day,
            last_day=summary.last_day,
            made_at=summary.made_at,
            certificates=[
                CoveredByView(
                    certificate=one.certificate,
                    units=one.units,
                    amount_g=one.grams,
                    day=one.day,
                    revoked=one.revoked,
                )
                for one in summary.covered_by
            ],
            covered_units=summary.covered_units,
            covered_g=summary.covered_g,
            sold_units=summary.sold_units,
            returned_units=summary.returned_units,
            kept_g=summary.kept_g,
            signed=signed(market, product, summary),
        )
    )
