"""Begin a plan: what a month emits and costs, then everything once more as the law asks of a subscription, then the payment page."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from certificates.render_pdf import TextNotPrintable
from frontend.access import noticing, visitor_of
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.offer_view import OfferView, view_of
from frontend.pages.order import SECRET_ADDRESS
from frontend.plan_form import UNLISTED, field_errors, menu_name, read_usage, size_options, supplier_views
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.errors import MarketplaceError
from marketplace.listings.offers import Offer
from marketplace.mail.address import is_address
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.plans import beginning, gifts
from marketplace.plans import terms as plan_terms
from marketplace.plans.beginning import CHECKOUT_LASTS, PlanWish
from marketplace.plans.failures import LASTS
from marketplace.plans.gifts import GiftWish
from marketplace.plans.jobs import open_checkout
from marketplace.plans.offers import plan_offers
from marketplace.plans.terms import Draft
from marketplace.plans.usage import in_force, menu_factor
from marketplace.plans.words import beneficiary, consent_text, consent_version

FIELDS = ("menu", "kwh", "household_size", "listing", "reduction_effort", "public_name", "email")
GIFT_FIELDS = ("months", "giver_email", "giver_name")
GIFT_MONTHS = (1, 3, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class PricedOffer:
    offer: OfferView
    monthly_yen: int


@noticing
async def page(request: Request) -> Response:
    """The form; what is known may come along in the address (?menu=, ?kwh=, ?household_size=)."""
    typed = {name: request.query_params.get(name, "") for name in ("menu", "kwh", "household_size", "listing")}
    visitor = visitor_of(request)
    return await _form(request, {**typed, "email": visitor.email if visitor else ""}, calculate=bool(typed["kwh"]))


@noticing
async def gift_page(request: Request) -> Response:
    """As `page`, for a plan that is given to somebody else."""
    return await page(request)


@noticing
async def submit(request: Request) -> Response:
    """Calculate, review, go back to the form (edit), or begin."""
    typed = await read_typed(request)
    action = typed.get("action", "calculate")
    if action in ("calculate", "edit"):
        return await _form(request, typed, calculate=True)
    context = PageContext.of(request)
    wish = PlanWish(
        usage=read_usage(typed),
        listing_id=typed.get("listing", ""),
        email=typed.get("email", ""),
        locale=context.locale.value,
        reduction_effort=typed.get("reduction_effort", ""),
        consent_version=typed.get("consent") if action == "begin" else consent_version(),
        public_name=typed.get("public_name", ""),
    )
    try:
        if action != "begin":
            return _last_look(request, typed, await _considered(request, typed, wish), await _chosen(request, typed))
        return await _begin(request, typed, wish)
    except PaymentRefused as refused:
        errors = {"kwh": sentence(refused.code, {}, context.locale)}
        return await _form(request, typed, calculate=True, errors=errors)
    except (MarketplaceError, TextNotPrintable) as refused:
        errors = field_errors(refused, context.locale)
        if refused.code == "mail_address_refused" and _is_gift(request) and is_address(wish.email.strip()):
            errors = {"giver_email": errors["email"]}
        if "consent" in errors:
            wanted = await plan_terms.draft(services_of(request).market, wish.usage, wish.listing_id)
            return _last_look(request, typed, wanted, await _chosen(request, typed), consent_error=errors["consent"])
        return await _form(request, typed, calculate=True, errors=errors)


@noticing
async def given(request: Request) -> Response:
    """Where the payment page of a gift leads back to. The gift's own address belongs to whoever gets it."""
    return page_response(request, "pages/plan_given.html")


def _is_gift(request: Request) -> bool:
    return PageContext.of(request).path == "/plans/gift"


def _gift_wish(typed: Typed, wish: PlanWish) -> GiftWish:
    count = typed.get("months", "")
    return GiftWish(
        plan=wish,
        months=int(count) if count.isascii() and count.isdigit() and len(count) < 3 else 0,
        giver_email=typed.get("giver_email", ""),
        giver_name=typed.get("giver_name", ""),
    )


async def _considered(request: Request, typed: Typed, wish: PlanWish) -> Draft:
    market = services_of(request).market
    if _is_gift(request):
        return await gifts.considered(market, _gift_wish(typed, wish))
    return await beginning.considered(market, wish)


async def _begin(request: Request, typed: Typed, wish: PlanWish) -> Response:
    """To the payment page. If it cannot be opened now, the plan stands all the same and the worker opens it.

    Raises PaymentRefused, with which the plan has lapsed, and as beginning.begin and gifts.begin.
    """
    market, context = services_of(request).market, PageContext.of(request)
    if _is_gift(request):
        plan = await gifts.begin(market, _gift_wish(typed, wish))
        own_page = context.url("/plans/given")
    else:
        plan = await beginning.begin(market, wish)
        own_page = context.url(f"/plans/{plan.access_token}")
    try:
        plan = await open_checkout(market, plan.id)
    except PaymentRefused:
        await beginning.lapse(market, plan.id)
        raise
    except PaymentProviderUnreachable:
        return RedirectResponse(own_page, status_code=303, headers=SECRET_ADDRESS)
    return RedirectResponse(plan.checkout_url or own_page, status_code=303, headers=SECRET_ADDRESS)


async def _chosen(request: Request, typed: Typed) -> Offer:
    offers = await plan_offers(services_of(request).market, most=100)
    return next(offer for offer in offers if offer.listing.id == typed.get("listing"))


async def _form(
    request: Request, typed: Typed, *, calculate: bool, errors: Mapping[str, str] | None = None
) -> Response:
    market, locale = services_of(request).market, PageContext.of(request).locale
    found, wanted, priced = dict(errors or {}), None, list[PricedOffer]()
    offers = await plan_offers(market)
    if calculate and offers:
        try:
            drafts = [await plan_terms.draft(market, read_usage(typed), offer.listing.id) for offer in offers]
            wanted = drafts[0]
            priced = [
                PricedOffer(view_of(offer, MarketWords(locale)), draft.total_yen)
                for offer, draft in zip(offers, drafts, strict=True)
            ]
        except MarketplaceError as refused:
            found = {**field_errors(refused, locale), **found}
    return page_response(
        request,
        "pages/plan_begin.html",
        status=422 if found else 200,
        typed={name: typed.get(name, "") for name in (*FIELDS, *GIFT_FIELDS)} | _defaults(typed, priced),
        gift=_is_gift(request),
        gift_months=[(str(count), str(count)) for count in GIFT_MONTHS],
        errors=found,
        suppliers=supplier_views(locale),
        unlisted=UNLISTED,
        sizes=size_options(locale),
        estimate=None if wanted is None else _estimate(wanted),
        offers=priced,
        none_on_offer=not offers,
        longest_effort=beginning.LONGEST_EFFORT,
        visitor=visitor_of(request),
    )


def _defaults(typed: Typed, priced: list[PricedOffer]) -> dict[str, str]:
    known = {choice.offer.listing for choice in priced}
    listing = typed.get("listing", "")
    return {"listing": listing if listing in known or not priced else priced[0].offer.listing}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month by the edition in force; `factors` are pairs of a factor's id and its source."""

    grams: int
    edition: str
    factors: tuple[tuple[str, str], ...]


def _estimate(wanted: Draft) -> Estimate:
    factors = tuple((factor.id, factor.source_title) for factor in wanted.footprint.factors())
    return Estimate(wanted.month_g, wanted.footprint.edition, factors)


def _last_look(request: Request, typed: Typed, wanted: Draft, chosen: Offer, *, consent_error: str = "") -> Response:
    context, market = PageContext.of(request), services_of(request).market
    usage = wanted.usage
    months = int(typed["months"]) if _is_gift(request) else None
    return page_response(
        request,
        "pages/plan_last_look.html",
        status=422 if consent_error else 200,
        form_targets=context.payment_sites,
        typed={name: typed.get(name, "") for name in (*FIELDS, *GIFT_FIELDS)},
        months=months,
        estimate=_estimate(wanted),
        menu=None if usage.menu is None else menu_name(menu_factor(usage.menu, in_force()), context.locale),
        usage=usage,
        size=dict(size_options(context.locale)).get(usage.household_size or "", ""),
        offer=view_of(chosen, MarketWords(context.locale)),
        yen=wanted.total_yen,
        beneficiary=beneficiary(typed.get("public_name", ""), context.locale.value),
        pool_user=market.terms.pools.credit_user,
        longest_wait=market.terms.pools.longest_wait.days,
        consent=consent_text(context.locale.value, pool_user=market.terms.pools.credit_user, gift_months=months),
        consent_version=consent_version(),
        consent_error=consent_error,
        pay_within_minutes=int(CHECKOUT_LASTS.total_seconds()) // 60,
        last_try_days=LASTS.days,
    )
