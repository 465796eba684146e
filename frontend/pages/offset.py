"""Choose how much of a footprint to offset, with which credits, and say what was done to reduce it first."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.offer_view import view_of
from frontend.order_form import LONGEST_EFFORT
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.suggestions import suggest
from marketplace.clock import japan_date
from marketplace.errors import MarketplaceError
from marketplace.quotes import service as quotes
from marketplace.quotes.service import WishedLine
from offset_calc import Footprint
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import GRAMS_PER_TONNE, read_integer

MOST_TONNES = 1_000_000


async def page(request: Request) -> Response:
    """Show the choice; ?listing=, ?tonnes= and ?reduction_effort= come from the catalogue or from an expired quote."""
    footprint = await _footprint(request)
    typed = {name: request.query_params.get(name, "") for name in ("listing", "tonnes", "reduction_effort")}
    return await _choice(request, footprint, typed)


async def submit(request: Request) -> Response:
    """Hold the units and the price, and go to the final-order screen."""
    footprint = await _footprint(request)
    locale = PageContext.of(request).locale
    typed = await read_typed(request)
    errors: dict[str, str] = {}
    tonnes = 0
    try:
        tonnes = read_integer(typed.get("tonnes", ""))
        if not 1 <= tonnes <= MOST_TONNES:
            code, limits = ("too_small", {"minimum": 1}) if tonnes < 1 else ("too_large", {"maximum": MOST_TONNES})
            errors["tonnes"] = sentence(code, limits, locale)
    except QuantityRefused as refused:
        errors["tonnes"] = sentence(refused.reason, refused.params, locale)
    effort = typed.get("reduction_effort", "").strip()
    if not effort:
        errors["reduction_effort"] = sentence("required", {}, locale)
    elif len(effort) > LONGEST_EFFORT:
        errors["reduction_effort"] = sentence("too_long", {"most": LONGEST_EFFORT}, locale)
    if not typed.get("listing"):
        errors["listing"] = sentence("listing_not_found", {}, locale)
    if errors:
        return await _choice(request, footprint, typed, errors)
    market = services_of(request).market
    try:
        quote = await quotes.create(
            [WishedLine(typed["listing"], tonnes)],
            footprint_id=request.path_params["footprint_id"],
            fee_basis_points=market.terms.fee_basis_points,
            holds_for=market.terms.quote_lasts,
            clock=market.clock,
        )
    except MarketplaceError as refused:
        field = "tonnes" if refused.code == "below_minimum" else "listing"
        return await _choice(request, footprint, typed, {field: MarketWords(locale).refusal(refused)})
    address = PageContext.of(request).url(f"/quotes/{quote.id}")
    return RedirectResponse(f"{address}?{urlencode({'reduction_effort': effort})}", status_code=303)


async def _footprint(request: Request) -> Footprint:
    footprint = await services_of(request).footprints.load(request.path_params["footprint_id"])
    if footprint is None:
        raise HTTPException(404)
    return footprint


async def _choice(
    request: Request, footprint: Footprint, typed: Typed, errors: Mapping[str, str] | None = None
) -> Response:
    words = MarketWords(PageContext.of(request).locale)
    whole = footprint.total.tonnes_to_cover()
    tonnes = _plausible(typed.get("tonnes", "")) or whole
    today = japan_date(services_of(request).market.clock())
    chosen = typed.get("listing", "")
    suggestions = await suggest(footprint, tonnes=tonnes, chosen=chosen, on=today)
    offers = [(words.of(f"suggestion.{s.reason}"), view_of(s.offer, words)) for s in suggestions]
    return page_response(
        request,
        "pages/offset.html",
        status=422 if errors else 200,
        footprint_id=request.path_params["footprint_id"],
        title=footprint.subject["name"],
        total=footprint.total.value,
        whole=whole,
        covers_all=tonnes * GRAMS_PER_TONNE >= footprint.total.value,
        tonnes=tonnes,
        typed={
            "tonnes": typed.get("tonnes") or str(whole),
            "listing": chosen or (offers[0][1].listing if offers else ""),
            "reduction_effort": typed.get("reduction_effort", ""),
        },
        offers=offers,
        longest_effort=LONGEST_EFFORT,
        errors=errors or {},
    )


def _plausible(text: str) -> int | None:
    """The tonnes in a text that need not be right, to find offers large enough; the text itself is judged on sending."""
    try:
        tonnes = read_integer(text)
    except QuantityRefused:
        return None
    return tonnes if 1 <= tonnes <= MOST_TONNES else None
