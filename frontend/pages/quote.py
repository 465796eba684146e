"""The final-order screen: first the texts, then everything once more as the law asks, with the words that become final."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from certificates.claims.wording import ClaimTexts
from frontend.access import noticing, visitor_of
from frontend.bill import LineView, PoolLineView, line_views
from frontend.claim_view import ClaimView
from frontend.claim_view import view_of as claim_view_of
from frontend.context import PageContext, services_of
from frontend.formatting import period
from frontend.forms import Typed, read_typed
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.order_form import FIELDS, LONGEST_EFFORT, OrderTextsRefused, prefilled, read_instruction
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.to_payment import to_payment
from marketplace.certification.claims import judge_purchase
from marketplace.clock import japan_date
from marketplace.errors import (
    BelowSmallestPayment,
    ConsentMissing,
    MarketplaceError,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
    TextTooLongForRegistry,
    UseNotPermitted,
)
from marketplace.ids import new_token
from marketplace.listings.offers import offers_of
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.printable import find_unprintable
from marketplace.orders.service import CHECKOUT_LASTS, OrderWish
from marketplace.orders.states import OrderState
from marketplace.orders.words import consent_text, consent_version
from marketplace.payments.gateway import PaymentRefused
from marketplace.pools import service as pools
from marketplace.projects.kinds import CreditKind
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.service import WishedLine
from marketplace.quotes.states import QuoteState
from marketplace.quotes.topping_up import covered_grams
from marketplace.quotes.wishing import quote_lines
from marketplace.registries.processing import ProcessingWindow, processing_window
from marketplace.registries.profiles import ActNotOffered, load_profiles
from offset_calc import Footprint


@dataclass(frozen=True, slots=True)
class QuoteView:
    """Everything that is bought, by whom it is provided and until when it is held. All yen; only `tax_yen` holds tax.

    `covered_before_g` is what the order that this one tops up came to, 0 for a first order.
    """

    id: str
    title: str
    footprint_id: str
    footprint_g: int
    grams: int
    covered_before_g: int
    tonnes: int
    lines: tuple[LineView, ...]
    pool_lines: tuple[PoolLineView, ...]
    credits_yen: int
    fee_yen: int
    tax_yen: int
    tax_percent: int
    total_yen: int
    held_until: datetime
    registries: tuple[tuple[str, ProcessingWindow], ...]

    @property
    def covered_g(self) -> int:
        """Grams of the footprint that the units cover, with the earlier order if there is one; more is never claimed."""
        return min(self.covered_before_g + self.grams, self.footprint_g)


@noticing
async def page(request: Request) -> Response:
    """Show the texts to fill in, prefilled from the footprint."""
    quote, footprint = await _quoted(request)
    effort = request.query_params.get("reduction_effort", "")
    typed = prefilled(footprint, effort, PageContext.of(request).locale)
    if _stale(quote, services_of(request).market):
        return await _stale_page(request, quote, footprint, typed)
    return await _texts(request, quote, footprint, typed)


@noticing
async def submit(request: Request) -> Response:
    """Go on to the last look (action=review), back to the texts (action=edit), hold anew (action=renew), or order."""
    quote, footprint = await _quoted(request)
    market = services_of(request).market
    typed = await read_typed(request)
    action = typed.get("action", "review")
    if action == "renew":
        return await _renew(request, quote, footprint, typed)
    if _stale(quote, market):
        return await _too_late(request, quote, footprint, typed)
    if action == "edit":
        return await _texts(request, quote, footprint, typed)
    try:
        instruction = await _instruction(
            typed, quote, footprint.type, services_of(request).market, PageContext.of(request).locale
        )
    except OrderTextsRefused as refused:
        return await _texts(request, quote, footprint, typed, refused.errors)
    if action != "order":
        return await _last_look(request, quote, footprint, typed, instruction)
    return await _order(request, quote, footprint, typed, instruction)


async def _instruction(typed: Typed, quote: Quote, footprint_type: str, market: Market, locale: Locale) -> Instruction:
    """The words to freeze: all of them printable, and none longer than the registry takes. Raises: OrderTextsRefused."""
    instruction = read_instruction(typed, footprint_type, locale)
    try:
        await orders.refuse_too_long(market, quote, instruction)
    except TextTooLongForRegistry as refused:
        reason = sentence(refused.code, refused.params, locale)
        raise OrderTextsRefused({str(refused.params["field"]): reason}) from refused
    if unprintable := await find_unprintable(instruction):
        raise OrderTextsRefused(
            {
                name: sentence("text_not_printable", {"characters": characters}, locale)
                for name, characters in unprintable.items()
            }
        )
    return instruction


async def _order(
    request: Request, quote: Quote, footprint: Footprint, typed: Typed, instruction: Instruction
) -> Response:
    context = PageContext.of(request)
    market, buyer = services_of(request).market, visitor_of(request)
    wish = OrderWish(
        quote_id=quote.id,
        instruction=instruction,
        consent_version=typed.get("consent"),
        locale=context.locale.value,
        form_key=_form_key(typed),
        email=buyer.email if buyer else None,
        max_total_yen=quote.total_yen,
        buyer=buyer,
    )
    try:
        order = await orders.place(market, wish)
    except (QuoteExpired, QuoteUsed):
        return await _too_late(request, await quotes.find(quote.id), footprint, typed)
    except (BelowSmallestPayment, UseNotPermitted) as refused:
        reason = MarketWords(context.locale).refusal(refused)
        return await _stale_page(request, quote, footprint, typed, status=409, reason=reason)
    except ConsentMissing:
        missing = sentence("consent_missing", {}, context.locale)
        return await _last_look(request, quote, footprint, typed, instruction, consent_error=missing)
    return await _onwards(request, quote, footprint, typed, order)


def _form_key(typed: Typed) -> str | None:
    return typed.get("key", "")[:64] or None


async def _too_late(request: Request, quote: Quote, footprint: Footprint, typed: Typed) -> Response:
    """A double click leads to the order that its form has placed; a link to the quote alone leads to nobody's order."""
    key, order = _form_key(typed), await orders.placed_on(quote.id)
    if order is None or key is None or order.form_key != key or order.state == OrderState.EXPIRED:
        return await _stale_page(request, quote, footprint, typed, status=409)
    return await _onwards(request, quote, footprint, typed, order)


async def _onwards(request: Request, quote: Quote, footprint: Footprint, typed: Typed, order: Order) -> Response:
    own_page = PageContext.of(request).url(f"/orders/{order.access_token}")
    try:
        return await to_payment(request, order.id, own_page=own_page)
    except PaymentRefused:
        return await _stale_page(request, quote, footprint, typed, status=422)


async def _renew(request: Request, quote: Quote, footprint: Footprint, typed: Typed) -> Response:
    """Hold the same listings again. If they are gone, the choice comes back with the amount and the effort typed."""
    context = PageContext.of(request)
    market = services_of(request).market
    lines = [WishedLine(line.listing_id, line.tonnes) for line in await quotes.lines_of(quote.id)]
    lines += [WishedLine(line.listing_id, 0, line.grams) for line in await pools.lines_of(quote.id)]
    try:
        renewed = await quote_lines(market, lines, footprint_id=quote.footprint_id, tops_up=quote.tops_up)
    except MarketplaceError as refused:
        reason = MarketWords(context.locale).refusal(refused)
        return await _stale_page(request, quote, footprint, typed, status=409, reason=reason)
    return await _texts(request, renewed, footprint, typed)


async def _quoted(request: Request) -> tuple[Quote, Footprint]:
    try:
        quote = await quotes.find(request.path_params["quote_id"])
    except QuoteNotFound as missing:
        raise HTTPException(404) from missing
    footprint = await services_of(request).footprints.load(quote.footprint_id or "")
    if footprint is None:  # a quote made by a program without a footprint has no page
        raise HTTPException(404)
    return quote, footprint


def _stale(quote: Quote, market: Market) -> bool:
    return quote.state != QuoteState.OPEN or quote.expires_at <= market.clock()


async def _texts(
    request: Request, quote: Quote, footprint: Footprint, typed: Typed, errors: Mapping[str, str] | None = None
) -> Response:
    return page_response(
        request,
        "pages/quote_texts.html",
        status=422 if errors else 200,
        quote=await _view(request, quote, footprint),
        typed={name: typed.get(name, "") for name in FIELDS},
        errors=errors or {},
        longest_effort=LONGEST_EFFORT,
    )


async def _last_look(
    request: Request,
    quote: Quote,
    footprint: Footprint,
    typed: Typed,
    instruction: Instruction,
    *,
    consent_error: str = "",
) -> Response:
    locale = PageContext.of(request).locale
    registries = await quotes.registries_of(quote.id)
    pool_user = services_of(request).market.terms.pools.credit_user if quote.pool_g else None
    try:
        consent = consent_text(
            instruction,
            registries=registries,
            locale=locale.value,
            own_name=quote.own_tonnes > 0,
            pool_user=pool_user,
        )
    except ActNotOffered as refused:
        return await _texts(request, quote, footprint, typed, {"subject": sentence(refused.code, {}, locale)})
    return page_response(
        request,
        "pages/quote_last_look.html",
        status=422 if consent_error else 200,
        form_targets=PageContext.of(request).payment_sites,
        quote=await _view(request, quote, footprint),
        typed={name: typed.get(name, "") for name in FIELDS},
        instruction=instruction,
        uses=[MarketWords(locale).name(load_profiles()[code].use_for(instruction.purpose).name) for code in registries],
        own_name=quote.own_tonnes > 0,
        pool_user=pool_user,
        pool_wait=await _pool_wait(request, quote),
        claim=await _claim(request, quote, footprint, instruction),
        consent=consent,
        consent_version=consent_version(),
        consent_error=consent_error,
        form_key=new_token(),
        pay_within_minutes=int(CHECKOUT_LASTS.total_seconds()) // 60,
    )


async def _pool_wait(request: Request, quote: Quote) -> int | None:
    """None if the grams are there now; else the longest that the buyer may have to wait for them, in days."""
    if not quote.pool_g or await pools.is_ready(quote.id):
        return None
    return services_of(request).market.terms.pools.longest_wait.days


async def _claim(request: Request, quote: Quote, footprint: Footprint, instruction: Instruction) -> ClaimView:
    """What may be said once all of it is cancelled, by the rules of today."""
    words = MarketWords(PageContext.of(request).locale)
    listing_ids = [line.listing_id for line in await quotes.lines_of(quote.id)]
    listing_ids += [line.listing_id for line in await pools.lines_of(quote.id)]
    offers = (await offers_of(listing_ids)).values()
    covered_g = min(quote.grams, footprint.total.value)
    judgement = judge_purchase(
        type=instruction.type,
        on=japan_date(services_of(request).market.clock()),
        covered_g=covered_g,
        footprint_g=footprint.total.value,
        reduction_effort=instruction.reduction_effort,
        kinds=[CreditKind(offer.block.credit_kind) for offer in offers],
    )
    profiles = [load_profiles()[offer.block.registry] for offer in offers]
    acts = {words.name(profile.act(profile.use_for(instruction.purpose).act).name) for profile in profiles}
    texts = ClaimTexts(
        subject=instruction.subject,
        period=period(instruction.period_first, instruction.period_last, locale=words.locale),
        credits=words.list_of(sorted({words.kind(offer.block.credit_kind) for offer in offers})),
        act=words.list_of(sorted(acts)),
        covered_g=covered_g,
        footprint_g=footprint.total.value,
    )
    return claim_view_of(judgement, texts, words.locale)


async def _stale_page(
    request: Request,
    quote: Quote,
    footprint: Footprint,
    typed: Typed,
    *,
    status: int = 200,
    reason: str = "",
) -> Response:
    # also for whoever comes back to it, or clicked twice
    refused_payment = not reason and await settlement.was_refused(quote.id)
    if refused_payment:
        reason = sentence(PaymentRefused.code, {}, PageContext.of(request).locale)
    return page_response(
        request,
        "pages/quote_stale.html",
        status=status,
        quote=await _view(request, quote, footprint),
        used=quote.state == QuoteState.USED,
        refused_payment=refused_payment,
        typed={name: typed.get(name, "") for name in FIELDS},
        reason=reason,
    )


async def _view(request: Request, quote: Quote, footprint: Footprint) -> QuoteView:
    words = MarketWords(PageContext.of(request).locale)
    market = services_of(request).market
    now = market.clock()
    lines, pool_lines = await line_views(quote, words)
    return QuoteView(
        id=quote.id,
        title=footprint.subject["name"],
        footprint_id=quote.footprint_id or "",
        footprint_g=footprint.total.value,
        grams=quote.grams,
        covered_before_g=await covered_grams(await orders.find(quote.tops_up)) if quote.tops_up else 0,
        tonnes=quote.tonnes,
        lines=lines,
        pool_lines=pool_lines,
        credits_yen=quote.credits_yen,
        fee_yen=quote.fee_yen,
        tax_yen=quote.tax_yen,
        tax_percent=json.loads(quote.terms)["tax_percent"],
        total_yen=quote.total_yen,
        held_until=quote.expires_at,
        registries=tuple(
            (words.registry(code), processing_window(market.desk.profiles[code], now))
            for code in await quotes.registries_of(quote.id)
        ),
    )
