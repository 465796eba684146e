"""Buy cover for a product: how many units with which credits, then everything once more as the law asks, then the order."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.access import actor_of, only
from frontend.bill import bill_of
from frontend.context import PageContext, services_of
from frontend.cover_claim import claim_on_cover
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.offer_view import view_of
from frontend.pages.product import own_product
from frontend.problems import sentence
from frontend.product_forms import Reading, read_units
from frontend.responses import page_response
from frontend.to_payment import to_payment
from marketplace.accounts.roles import Role
from marketplace.errors import ConsentMissing, MarketplaceError, QuoteNotFound
from marketplace.ledger import balance
from marketplace.listings.offers import OfferFilter, find_offers
from marketplace.orders import service as orders
from marketplace.orders.printable import find_unprintable
from marketplace.orders.service import CHECKOUT_LASTS, SMALLEST_PAYMENT_YEN
from marketplace.orders.states import OrderState
from marketplace.orders.words import consent_text, consent_version
from marketplace.payments.gateway import PaymentRefused
from marketplace.products import service as products
from marketplace.products.buying import (
    CoverQuote,
    Credits,
    cover_of_quote,
    g_per_unit_now,
    instruction_for,
    order_cover,
    quote_units,
)
from marketplace.products.counting import MOST_UNITS
from marketplace.products.models import Product
from marketplace.products.states import CoverOrigin
from marketplace.projects.eligibility import Purpose
from marketplace.quotes import service as quotes
from marketplace.registries.processing import processing_window
from marketplace.registries.profiles import load_profiles

OFFERS = 8
CHEAPEST = "cheapest"


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    """Choose units, period and credits."""
    return await _choice(request, await own_product(request), {"listing": CHEAPEST})


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """action=quote holds the price and shows the last look; action=checkout or balance orders."""
    product, typed = await own_product(request), await read_typed(request)
    if typed.get("action") == "quote":
        return await _quote(request, product, typed)
    if typed.get("action") not in {"checkout", "balance"}:
        raise HTTPException(400)
    return await _order(request, product, typed)


async def _quote(request: Request, product: Product, typed: Typed) -> Response:
    context, market = PageContext.of(request), services_of(request).market
    reading = Reading(typed, context.locale)
    units = read_units(reading, "units", most=MOST_UNITS)
    if reading.errors:
        return await _choice(request, product, typed, reading.errors)
    chosen = typed.get("listing", CHEAPEST)
    if not products.may_be_id(chosen):
        raise HTTPException(400)
    try:
        period = await products.period_of(product.id, typed.get("period", ""))
        bought = await quote_units(
            market,
            product,
            period,
            units,
            Credits(None if chosen == CHEAPEST else chosen),
            origin=CoverOrigin.BULK,
        )
    except MarketplaceError as refused:
        return await _choice(request, product, typed, {"listing": MarketWords(context.locale).refusal(refused)})
    return await _last_look(request, product, bought)


async def _order(request: Request, product: Product, typed: Typed) -> Response:
    context, market = PageContext.of(request), services_of(request).market
    bought = await _bought(product, typed.get("quote", ""))
    try:
        order = await order_cover(
            market,
            actor_of(request),
            product,
            bought,
            consent_version=typed.get("consent"),
            locale=context.locale.value,
            max_total_yen=bought.quote.total_yen,
            pay_from_balance=typed["action"] == "balance",
        )
    except ConsentMissing:
        return await _last_look(request, product, bought, error=sentence("consent_missing", {}, context.locale))
    except MarketplaceError as refused:
        before = await orders.placed_on(bought.quote.id)
        if before is None or before.state == OrderState.EXPIRED:
            reason = MarketWords(context.locale).refusal(refused)
            return await _choice(request, product, _again(bought), {"listing": reason})
        # a second click on the same button
        order = before
    try:
        return await to_payment(request, order.id, own_page=context.url(f"/orders/{order.access_token}"))
    except PaymentRefused as refused:
        return await _choice(request, product, _again(bought), {"units": sentence(refused.code, {}, context.locale)})


def _again(bought: CoverQuote) -> Typed:
    return {"units": str(bought.cover.units), "period": bought.cover.period_id, "listing": CHEAPEST}


async def _bought(product: Product, quote_id: str) -> CoverQuote:
    cover = await cover_of_quote(quote_id)
    if cover is None or cover.product_id != product.id:
        raise HTTPException(404)
    try:
        return CoverQuote(await quotes.find(quote_id), cover)
    except QuoteNotFound as missing:
        raise HTTPException(404) from missing


async def _choice(request: Request, product: Product, typed: Typed, errors: dict[str, str] | None = None) -> Response:
    market, words = services_of(request).market, MarketWords(PageContext.of(request).locale)
    today = products.today(market)
    periods = [one for one in await products.periods_of(product.id) if one.last_day >= today]
    offers = await find_offers(OfferFilter(), on=today, limit=OFFERS)
    return page_response(
        request,
        "pages/products/cover.html",
        status=422 if errors else 200,
        product=product,
        periods=periods,
        per_unit=await g_per_unit_now(market, product, periods[-1]) if periods else 0,
        offers=[view_of(offer, words) for offer in offers if offer.free_tonnes],
        cheapest=CHEAPEST,
        typed=typed,
        errors=errors or {},
    )


async def _last_look(request: Request, product: Product, bought: CoverQuote, *, error: str = "") -> Response:
    market, context = services_of(request).market, PageContext.of(request)
    words = MarketWords(context.locale)
    quote, instruction = bought.quote, await instruction_for(product, bought.cover, locale=context.locale.value)
    if unprintable := await find_unprintable(instruction):
        problem = sentence("text_not_printable", {"characters": "".join(unprintable.values())}, context.locale)
        return await _choice(request, product, {"listing": CHEAPEST}, {"units": problem})
    registries = await quotes.registries_of(quote.id)
    pool_user = market.terms.pools.credit_user if quote.pool_g else None
    own_name = quote.own_tonnes > 0
    uses = [words.name(load_profiles()[code].use_for(Purpose.VOLUNTARY_OFFSET).name) for code in registries]
    windows = [
        (words.registry(code), processing_window(market.desk.profiles[code], market.clock())) for code in registries
    ]
    return page_response(
        request,
        "pages/products/last_look.html",
        status=422 if error else 200,
        form_targets=context.payment_sites,
        product=product,
        cover=bought.cover,
        quote=await bill_of(quote, words),
        instruction=instruction,
        claim=await claim_on_cover(market, product, bought, instruction, words),
        registries=windows,
        uses=uses,
        own_name=own_name,
        pool_user=pool_user,
        pool_wait=market.terms.pools.longest_wait.days,
        consent=consent_text(
            instruction,
            registries=registries,
            locale=context.locale.value,
            own_name=own_name,
            pool_user=pool_user,
        ),
        consent_version=consent_version(),
        balance=await balance.balance_of(product.organisation_id),
        smallest_yen=SMALLEST_PAYMENT_YEN,
        pay_within_minutes=int(CHECKOUT_LASTS.total_seconds()) // 60,
        error=error,
    )
