"""An event's page for its attendees: state one's own travel, see what it comes to and who pays, and join. Made for phones."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from certificates.render_pdf import TextNotPrintable
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.to_payment import to_payment
from marketplace.errors import ConsentMissing, MarketplaceError, MixNotAvailable
from marketplace.ids import new_token
from marketplace.mail.address import is_address
from marketplace.orders.words import consent_text, consent_version
from marketplace.participation import event_pages
from marketplace.participation.errors import EventPageNotFound
from marketplace.participation.joining import JoinWish, instruction_of, join
from marketplace.participation.models import EventPage, PageState, Participation
from marketplace.participation.shares import Shares, shares_of
from marketplace.participation.travel import FIELDS, footprint_of
from marketplace.payments.gateway import PaymentRefused
from offset_calc import Footprint, InputsRefused, event
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables

# A venue in Japan: the means that most people come by stand first.
MODES = (
    "shinkansen",
    "rail",
    "local_transit",
    "air_domestic",
    "car",
    "bus",
    "taxi",
    "motorbike",
    "ferry",
    "bicycle",
    "walk",
    "air_international_economy",
    "air_international_premium_economy",
    "air_international_business",
    "air_international_first",
)
LONGEST_NAME = 60
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}


async def short(request: Request) -> Response:
    """The address in the QR code, without a language: on to the reader's own."""
    context = PageContext.of(request)
    return RedirectResponse(context.url(f"/e/{request.path_params['code']}"), headers={"Vary": "Accept-Language"})


async def page(request: Request) -> Response:
    return _travel_form(request, await _event(request), {"trip": "return"})


async def submit(request: Request) -> Response:
    """Work out the travel, keep it, and show what it comes to."""
    opened, typed, context = await _event(request), await read_typed(request), PageContext.of(request)
    if opened.state != PageState.OPEN:
        return _travel_form(request, opened, typed, status=409)
    errors = _missing(typed, context.locale)
    if not errors:
        try:
            footprint = await asyncio.to_thread(footprint_of, opened, typed)
        except InputsRefused as refused:
            errors = _refusals(refused, context.locale)
        else:
            if footprint.total.value == 0:
                return page_response(request, "pages/event/nothing_to_offset.html", event=opened)
            footprint_id = await services_of(request).footprints.save(footprint)
            return RedirectResponse(context.url(f"/e/{opened.code}/travel/{footprint_id}"), status_code=303)
    return _travel_form(request, opened, typed, errors=errors, status=422)


async def offer(request: Request) -> Response:
    return await _offer(request, await _event(request), await _footprint(request), {})


async def order(request: Request) -> Response:
    """Join: at once if the organiser pays all of it, else by way of the payment page."""
    opened, footprint, typed = await _event(request), await _footprint(request), await read_typed(request)
    locale = PageContext.of(request).locale
    market = services_of(request).market
    errors = _refused_texts(typed, locale)
    if errors:
        return await _offer(request, opened, footprint, typed, errors=errors, status=422)
    try:
        joined = await join(market, opened, _wish(request, typed, locale))
    except ConsentMissing:
        errors = {"consent": sentence("consent_missing", {}, locale)}
        return await _offer(request, opened, footprint, typed, errors=errors, status=422)
    except TextNotPrintable as unprintable:
        errors = {"public_name": sentence("text_not_printable", {"characters": unprintable.characters}, locale)}
        return await _offer(request, opened, footprint, typed, errors=errors, status=422)
    except MarketplaceError as refused:
        reason = MarketWords(locale).refusal(refused)
        return await _offer(request, await _event(request), footprint, typed, reason=reason, status=409)
    try:
        return await _onwards(request, opened, joined)
    except PaymentRefused as refused:
        reason, again = sentence(refused.code, {}, locale), {name: typed[name] for name in typed if name != "key"}
        return await _offer(request, opened, footprint, again, reason=reason, status=422)


async def _onwards(request: Request, opened: EventPage, joined: Participation) -> Response:
    """To the payment page, if there is something to pay. Raises PaymentRefused, with which the place is given up."""
    mine = PageContext.of(request).url(f"/e/{opened.code}/mine/{joined.token}")
    if joined.order_id is None:
        return RedirectResponse(mine, status_code=303, headers=PRIVATE)
    return await to_payment(request, joined.order_id, own_page=mine, headers=PRIVATE)


def _wish(request: Request, typed: Typed, locale: Locale) -> JoinWish:
    return JoinWish(
        footprint_id=request.path_params["footprint_id"],
        key=typed.get("key", "")[:64] or new_token(),
        attendee_yen=_whole(typed.get("attendee_yen", "")),
        organiser_yen=_whole(typed.get("organiser_yen", "")),
        consent_version=typed.get("consent"),
        locale=locale.value,
        public_name=typed.get("public_name", "").strip() or None,
        organiser_sees_name=typed.get("organiser_sees_name") == "yes",
        email=typed.get("email", "").strip() or None,
        alone=typed.get("alone") == "yes",
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1


def _missing(typed: Typed, locale: Locale) -> dict[str, str]:
    if not typed.get("mode"):
        return {"mode": sentence("required", {}, locale)}
    if not typed.get("origin", "").strip() and not typed.get("distance_km", "").strip():
        return {"origin": sentence("origin_or_distance", {}, locale)}
    return {}


def _refusals(refused: InputsRefused, locale: Locale) -> dict[str, str]:
    words, category = CalculatorWords(locale), event.EVENT.category("travel_participants")
    errors: dict[str, str] = {}
    for problem in refused.problems:
        name = problem.pointer.rpartition("/")[2]
        errors.setdefault(name if name in FIELDS else "origin", words.refusal(problem, category))
    return errors


def _refused_texts(typed: Typed, locale: Locale) -> dict[str, str]:
    errors: dict[str, str] = {}
    name, email = typed.get("public_name", "").strip(), typed.get("email", "").strip()
    if len(name) > LONGEST_NAME:
        errors["public_name"] = sentence("too_long", {"most": LONGEST_NAME}, locale)
    elif not name.isprintable():
        errors["public_name"] = sentence("control_characters", {}, locale)
    if email and not is_address(email):
        errors["email"] = sentence("mail_address_refused", {}, locale)
    return errors


def _travel_form(
    request: Request, opened: EventPage, typed: Typed, *, errors: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    words = CalculatorWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/event/travel.html",
        status=status,
        event=opened,
        modes=[(mode, words.choice("mode", mode)) for mode in MODES],
        trips=[(trip, words.choice("trip", trip)) for trip in ("return", "one_way")],
        places=[words.place(place.key) for place in place_tables.load(factor_sets.CURRENT_EDITION).all()],
        typed=typed,
        errors=errors or {},
    )


@dataclass(frozen=True, slots=True)
class OfferView:
    """`travelled_g` is the travel; what is covered may be a little more, where a payment would be too small."""

    travelled_g: int
    shares: Shares
    projects: tuple[str, ...]

    @property
    def covered_g(self) -> int:
        return self.shares.attendee.grams + self.shares.organiser.grams


async def _offer(
    request: Request,
    opened: EventPage,
    footprint: Footprint,
    typed: Typed,
    *,
    errors: Mapping[str, str] | None = None,
    reason: str = "",
    status: int = 200,
) -> Response:
    context, market = PageContext.of(request), services_of(request).market
    alone = (typed.get("alone") or request.query_params.get("alone")) == "yes"
    try:
        shares = await shares_of(market, opened, footprint.total.value, alone=alone)
    except MixNotAvailable as refused:
        reason = MarketWords(context.locale).refusal(refused)
        return page_response(request, "pages/event/nothing_on_offer.html", status=409, event=opened, reason=reason)
    words = MarketWords(context.locale)
    view = OfferView(footprint.total.value, shares, tuple(words.name(one.activities[0]) for one in shares.projects))
    return page_response(
        request,
        "pages/event/offer.html",
        status=status,
        headers=PRIVATE,
        form_targets=context.payment_sites,
        event=opened,
        footprint_id=request.path_params["footprint_id"],
        offer=view,
        alone=alone,
        key=typed.get("key") or new_token(),
        typed=typed,
        errors=errors or {},
        reason=reason,
        longest_name=LONGEST_NAME,
        consent=consent_text(
            instruction_of(opened, context.locale.value, None),
            registries=shares.registries,
            locale=context.locale.value,
            own_name=shares.whole_tonnes,
            pool_user=market.terms.pools.credit_user,
        ),
        consent_version=consent_version(),
    )


async def _event(request: Request) -> EventPage:
    try:
        return await event_pages.find_by_code(request.path_params["code"])
    except EventPageNotFound as missing:
        raise HTTPException(404) from missing


async def _footprint(request: Request) -> Footprint:
    footprint = await services_of(request).footprints.load(request.path_params["footprint_id"])
    if footprint is None:
        raise HTTPException(404)
    return footprint
