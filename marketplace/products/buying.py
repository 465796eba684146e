"""Buy cover for units: an ordinary quote and an ordinary order, linked to the product and the period that they are for."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.statement import OffsetType
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import OrderWish
from marketplace.products.coverage import version_on
from marketplace.products.errors import FootprintStartsLater, TooManyGrams
from marketplace.products.models import CoverPeriod, Product, ProductCover, ProductFootprint
from marketplace.products.service import may_be_id, still_active, today
from marketplace.products.states import CoverOrigin
from marketplace.quotes import wishing
from marketplace.quotes.mix import Mix
from marketplace.quotes.models import Quote
from marketplace.quotes.wishing import Amount

MOST_GRAMS = 10**15
# the longest text that a registry's form is given
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Credits:
    """Which credits: a listing, or by a mix; the cheapest on offer unless said otherwise."""

    listing_id: str | None = None
    mix: Mix = field(default_factory=Mix)


@dataclass(frozen=True, slots=True)
class CoverQuote:
    """A price for cover; it becomes an order with `order`."""

    quote: Quote
    cover: ProductCover


async def g_per_unit_now(market: Market, product: Product, period: CoverPeriod) -> int:
    """Grams that cover one unit today, or on the period's first day if that is still to come. Raises FootprintStartsLater."""
    return (await _version_now(market, product, period)).covered_g_per_unit


async def g_emitted_now(market: Market, product: Product, period: CoverPeriod) -> int:
    """Grams that one unit emits, of the same day as g_per_unit_now. Raises FootprintStartsLater."""
    return (await _version_now(market, product, period)).g_per_unit


async def _version_now(market: Market, product: Product, period: CoverPeriod) -> ProductFootprint:
    day = max(today(market), period.first_day)
    version = await version_on(product.id, day)
    if version is None:
        raise FootprintStartsLater(f"the footprint is not known for {day}", day=day.isoformat())
    return version


async def quote_units(
    market: Market, product: Product, period: CoverPeriod, units: int, credits_: Credits, *, origin: CoverOrigin
) -> CoverQuote:
    """A price for covering `units`. Raises as quote_grams."""
    grams = units * await g_per_unit_now(market, product, period)
    return await quote_grams(market, product, period, grams, credits_, origin=origin)


async def quote_grams(
    market: Market, product: Product, period: CoverPeriod, grams: int, credits_: Credits, *, origin: CoverOrigin
) -> CoverQuote:
    """A price for grams of cover; they count as the whole units that they suffice for.

    Raises ProductEnded, FootprintStartsLater, TooManyGrams, and what a quote for a listing or a mix raises.
    """
    still_active(product)
    per_unit = await g_per_unit_now(market, product, period)
    if grams > MOST_GRAMS:
        raise TooManyGrams(f"{grams} g at once", most_g=MOST_GRAMS)
    if credits_.listing_id is not None:
        quote = await wishing.quote_listing(market, credits_.listing_id, Amount(grams), footprint_id=None)
    else:
        quote = await wishing.quote_mix(market, credits_.mix, Amount(grams), footprint_id=None)

    async def link(_: BaseDBAsyncClient) -> ProductCover:
        now = market.clock()
        return await ProductCover.create(
            id=new_id("cov", now),
            product_id=product.id,
            period_id=period.id,
            quote_id=quote.id,
            units=quote.grams // per_unit,
            grams=quote.grams,
            covered_g_per_unit=per_unit,
            origin=origin,
            created_at=now,
        )

    return CoverQuote(quote, await run_tx(link))


async def order_cover(
    market: Market,
    buyer: Actor,
    product: Product,
    bought: CoverQuote,
    *,
    consent_version: str | None,
    locale: str,
    external_id: str | None = None,
    max_total_yen: int | None = None,
    pay_from_balance: bool = True,
) -> Order:
    """Order the quote in the organisation's name. Raises as orders.service.place."""
    return await orders.place(
        market,
        OrderWish(
            quote_id=bought.quote.id,
            instruction=await instruction_for(product, bought.cover, locale=locale),
            consent_version=consent_version,
            locale=locale,
            email=buyer.email or None,
            external_id=external_id,
            max_total_yen=max_total_yen,
            buyer=buyer,
            pay_from_balance=pay_from_balance,
        ),
    )


async def cover_of_quote(quote_id: str) -> ProductCover | None:
    """What a quote is meant to cover; None for a quote that covers no product."""
    return await rows.find(ProductCover, quote_id=quote_id) if may_be_id(quote_id) else None


async def instruction_for(product: Product, cover: ProductCover, *, locale: str) -> Instruction:
    """The words that the certificate and the registry will carry."""
    organisation = await Organisation.get(id=product.organisation_id)
    period = await CoverPeriod.get(id=cover.period_id)
    words = _words()[locale]
    gaps = {"name": product.name, "functional_unit": product.functional_unit, "units": f"{cover.units:,}"}
    return Instruction(
        type=OffsetType.PRODUCT_SERVICE,
        subject=words["subject"].format(**gaps)[:_LONGEST],
        period_first=period.first_day,
        period_last=period.last_day,
        beneficiary=organisation.name,
        beneficiary_public=True,
        purpose_detail=words["purpose_detail"].format(**gaps)[:_LONGEST],
        credit_user=organisation.name,
        reduction_effort=product.reduction_effort,
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
