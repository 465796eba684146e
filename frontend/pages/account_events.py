"""An organiser's event pages: the list, and opening a new one."""

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed, read_yen
from frontend.locales import Locale
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.ledger.balance import balance_of
from marketplace.participation import event_pages
from marketplace.participation.event_pages import HIGHEST_CAP_YEN, LONGEST_NAME, EventTerms
from marketplace.participation.models import Payer
from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.errors import PlaceAmbiguous, PlaceUnknown
from offset_calc.reading import Problems, read_date

LONGEST_EFFORT = 500


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _page(request, {"payer": Payer.ORGANISER})


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """Open a page."""
    typed, context = await read_typed(request), PageContext.of(request)
    terms, errors = read_terms(typed, context.locale)
    if terms is None:
        return await _page(request, typed, errors=errors)
    opened = await event_pages.open_page(services_of(request).market, actor_of(request), terms)
    return RedirectResponse(context.url(f"/account/events/{opened.id}"), status_code=303)


def read_terms(typed: Typed, locale: Locale) -> tuple[EventTerms | None, dict[str, str]]:
    """The terms, or a sentence for each field that cannot be taken."""
    errors: dict[str, str] = {}
    days = {}
    for name in ("first_day", "last_day"):
        problems = Problems()
        days[name] = read_date(typed.get(name, ""), name, problems)
        for problem in problems.found:
            errors[name] = sentence(problem.code, problem.params, locale)
    if days["first_day"] and days["last_day"] and days["last_day"] < days["first_day"]:
        errors["last_day"] = sentence("end_before_start", {}, locale)
    place = _place(typed.get("venue", "").strip(), locale, errors)
    payer = typed.get("payer", "")
    if payer not in set(Payer):
        errors["payer"] = sentence("choose_one", {}, locale)
    for name, most in (("name", LONGEST_NAME), ("reduction_effort", LONGEST_EFFORT)):
        text = typed.get(name, "").strip()
        if not text or len(text) > most:
            errors[name] = sentence("too_long", {"most": most}, locale) if text else sentence("required", {}, locale)
    share = _share(payer, typed, locale, errors)
    cap = read_cap(typed, locale, errors) if payer != Payer.ATTENDEE else 0
    if errors:
        return None, errors
    try:
        return EventTerms.model_validate(
            {
                "name": typed["name"],
                "place": place,
                "venue": typed["venue"],
                **days,
                "reduction_effort": typed["reduction_effort"],
                "payer": payer,
                "organiser_percent": share,
                "cap_yen": cap,
            }
        ), {}
    except ValidationError:
        # all that is left to refuse: characters that no line of text has
        return None, {"name": sentence("control_characters", {}, locale)}


def _place(text: str, locale: Locale, errors: dict[str, str]) -> str:
    if not text:
        errors["venue"] = sentence("required", {}, locale)
        return ""
    try:
        return place_tables.load(factor_sets.CURRENT_EDITION).find(text).key
    except PlaceUnknown:
        errors["venue"] = sentence("venue_unknown", {}, locale)
    except PlaceAmbiguous:
        errors["venue"] = sentence("venue_ambiguous", {}, locale)
    return ""


def _share(payer: str, typed: Typed, locale: Locale, errors: dict[str, str]) -> int:
    if payer != Payer.SPLIT:
        return 100 if payer == Payer.ORGANISER else 0
    text = typed.get("organiser_percent", "").strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= 99):
        errors["organiser_percent"] = sentence("share_out_of_range", {}, locale)
        return 0
    return int(text)


def read_cap(typed: Mapping[str, str], locale: Locale, errors: dict[str, str]) -> int:
    """Whole yen; what cannot be taken is written into `errors`."""
    yen = read_yen(typed.get("cap_yen", ""))
    if yen is None or not 1 <= yen <= HIGHEST_CAP_YEN:
        errors["cap_yen"] = sentence("cap_out_of_range", {"most": HIGHEST_CAP_YEN}, locale)
        return 0
    return yen


async def _page(request: Request, typed: Typed, *, errors: Mapping[str, str] | None = None) -> Response:
    organisation_id = str(actor_of(request).organisation_id)
    words = CalculatorWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/account/events.html",
        status=422 if errors else 200,
        pages=await event_pages.all_of(organisation_id),
        balance_yen=await balance_of(organisation_id),
        payers=list(Payer),
        places=[words.place(place.key) for place in place_tables.load(factor_sets.CURRENT_EDITION).all()],
        longest_effort=LONGEST_EFFORT,
        typed=typed,
        errors=errors or {},
    )
