"""Choose how much of a footprint to offset, with which credits, and say what was done to reduce it first."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.offer_view import OfferView, view_of
from frontend.order_form import LONGEST_EFFORT
from frontend.pages.order import SECRET_ADDRESS
from frontend.problems import sentence
from frontend.ready_mixes import ReadyMix, ready_mixes, rules_of
from frontend.responses import page_response
from frontend.suggestions import Suggestion, suggest
from marketplace.clock import japan_date
from marketplace.errors import MarketplaceError
from marketplace.market import Terms
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.quotes import wishing
from marketplace.quotes.topping_up import open_grams
from marketplace.quotes.wishing import Amount
from marketplace.quotes.writing import PricedLine, price_of
from offset_calc import Footprint
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import GRAMS_PER_TONNE, read_integer

MOST_TONNES = 1_000_000
# what the choice of an amount sends: whole tonnes as typed, or the footprint to the gram
WHOLE, EXACTLY = "whole", "exact"
TAKEN_ALONG = ("listing", "tonnes", "amount", "reduction_effort", "tops_up")


async def page(request: Request) -> Response:
    """Show the choice; ?listing=, ?tonnes= and ?reduction_effort= come from the catalogue or from an expired quote, ?tops_up= from
    the page of an order that covers a part of this footprint already.
    """
    footprint = await _footprint(request)
    typed = {name: request.query_params.get(name, "") for name in TAKEN_ALONG}
    try:
        to_cover = await _to_cover(request, footprint, typed)
    except MarketplaceError:
        # an old link: the order's page knows what is open now
        address = PageContext.of(request).url(f"/orders/{typed['tops_up']}")
        return RedirectResponse(address, status_code=303, headers=SECRET_ADDRESS)
    if to_cover.first and not typed["reduction_effort"]:
        typed["reduction_effort"] = Instruction.model_validate_json(to_cover.first.instruction).reduction_effort
    return await _choice(request, footprint, to_cover, typed)


async def submit(request: Request) -> Response:
    """Hold the units and the price, and go to the final-order screen."""
    footprint = await _footprint(request)
    locale = PageContext.of(request).locale
    typed = await read_typed(request)
    errors: dict[str, str] = {}
    market = services_of(request).market
    footprint_id = request.path_params["footprint_id"]
    to_cover = ToCover(footprint.total.value)
    try:
        to_cover = await _to_cover(request, footprint, typed)
    except MarketplaceError as refused:
        errors["listing"] = MarketWords(locale).refusal(refused)
    exactly = typed.get("amount") == EXACTLY
    grams = to_cover.grams if exactly else 0
    if not exactly:
        try:
            grams = read_tonnes(typed.get("tonnes", "")) * GRAMS_PER_TONNE
        except QuantityRefused as refused:
            errors["tonnes"] = sentence(refused.reason, refused.params, locale)
    effort = typed.get("reduction_effort", "").strip()
    if not effort:
        errors["reduction_effort"] = sentence("required", {}, locale)
    elif len(effort) > LONGEST_EFFORT:
        errors["reduction_effort"] = sentence("too_long", {"most": LONGEST_EFFORT}, locale)
    if not typed.get("listing") and "listing" not in errors:
        errors["listing"] = sentence("listing_not_found", {}, locale)
    if errors:
        return await _choice(request, footprint, to_cover, typed, errors)
    buying = {"footprint_id": footprint_id, "tops_up": to_cover.first.id if to_cover.first else None}
    try:
        if mix := rules_of(typed["listing"]):
            quote = await wishing.quote_mix(market, mix, Amount(grams), **buying)
        else:
            quote = await wishing.quote_listing(market, typed["listing"], Amount(grams), **buying)
    except MarketplaceError as refused:
        field = "tonnes" if refused.code == "below_minimum" else "listing"
        return await _choice(request, footprint, to_cover, typed, {field: MarketWords(locale).refusal(refused)})
    address = PageContext.of(request).url(f"/quotes/{quote.id}")
    return RedirectResponse(f"{address}?{urlencode({'reduction_effort': effort})}", status_code=303)


async def _footprint(request: Request) -> Footprint:
    footprint = await services_of(request).footprints.load(request.path_params["footprint_id"])
    if footprint is None:
        raise HTTPException(404)
    return footprint


@dataclass(frozen=True, slots=True)
class ToCover:
    """Grams to be bought; `first` is the order that covers the rest of the footprint already."""

    grams: int
    first: Order | None = None

    @property
    def tonnes(self) -> int:
        return -(-self.grams // GRAMS_PER_TONNE)


async def _to_cover(request: Request, footprint: Footprint, typed: Typed) -> ToCover:
    """All of the footprint, or what the order named in `tops_up` leaves open. Raises OrderNotFound, TopUpTooEarly, NothingToTopUp."""
    if not typed.get("tops_up"):
        return ToCover(footprint.total.value)
    first = await orders.find_by_token(typed["tops_up"])
    return ToCover(await open_grams(first, request.path_params["footprint_id"]), first)


async def _choice(
    request: Request,
    footprint: Footprint,
    to_cover: ToCover,
    typed: Typed,
    errors: Mapping[str, str] | None = None,
) -> Response:
    words = MarketWords(PageContext.of(request).locale)
    whole = to_cover.tonnes
    tonnes = _plausible(typed.get("tonnes", "")) or whole
    today = japan_date(services_of(request).market.clock())
    chosen = typed.get("listing", "")
    suggestions = await suggest(footprint, tonnes=tonnes, chosen=chosen, on=today)
    terms = services_of(request).market.terms
    grams = to_cover.grams
    exact_choice = grams % GRAMS_PER_TONNE != 0 and bool(terms.pools.registries)
    offers = [_choice_of(s, words, tonnes, grams if exact_choice else None, terms) for s in suggestions]
    mixes = await ready_mixes(tonnes=tonnes, fee_basis_points=terms.fee_basis_points, on=today)
    return page_response(
        request,
        "pages/offset.html",
        status=422 if errors else 200,
        headers=SECRET_ADDRESS if to_cover.first else None,
        footprint_id=request.path_params["footprint_id"],
        title=footprint.subject["name"],
        total=footprint.total.value,
        to_cover=grams,
        tops_up=to_cover.first.access_token if to_cover.first else None,
        whole=whole,
        covers_all=tonnes * GRAMS_PER_TONNE >= grams,
        tonnes=tonnes,
        typed={
            "tonnes": typed.get("tonnes") or str(whole),
            "amount": typed.get("amount") or WHOLE,
            "listing": chosen or (offers[0].offer.listing if offers else ""),
            "reduction_effort": typed.get("reduction_effort", ""),
        },
        offers=offers,
        mixes=[_mix_view(mix, words) for mix in mixes],
        exact_choice=exact_choice,
        longest_effort=LONGEST_EFFORT,
        errors=errors or {},
    )


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """`whole_yen` and `exact_yen` are totals with fee and tax; the latter is None where it cannot be bought."""

    reason: str
    offer: OfferView
    whole_yen: int
    exact_yen: int | None


@dataclass(frozen=True, slots=True)
class MixView:
    code: str
    name: str
    projects: tuple[tuple[OfferView, int], ...]
    total_yen: int


def _choice_of(
    suggestion: Suggestion, words: MarketWords, tonnes: int, exact_g: int | None, terms: Terms
) -> ChoiceView:
    offer = suggestion.offer
    has_pools = offer.block.registry in terms.pools.registries

    def total(tonnes: int, pool_g: int) -> int:
        line = PricedLine(offer.listing, tonnes, pool_g)
        return price_of([line], fee_basis_points=terms.fee_basis_points).total_yen

    return ChoiceView(
        words.of(f"suggestion.{suggestion.reason}"),
        view_of(offer, words),
        total(tonnes, 0),
        total(*divmod(exact_g, GRAMS_PER_TONNE)) if exact_g is not None and has_pools else None,
    )


def _mix_view(mix: ReadyMix, words: MarketWords) -> MixView:
    lines = tuple((view_of(offer, words), line.tonnes) for offer, line in mix.lines)
    return MixView(mix.code, words.of(f"mix.{mix.code.partition(':')[2]}"), lines, mix.total_yen)


def read_tonnes(text: str) -> int:
    """Raises QuantityRefused."""
    tonnes = read_integer(text)
    if tonnes < 1:
        raise QuantityRefused("too_small", minimum=1)
    if tonnes > MOST_TONNES:
        raise QuantityRefused("too_large", maximum=MOST_TONNES)
    return tonnes


def _plausible(text: str) -> int | None:
    """The tonnes in a text that need not be right, to find offers large enough; the text itself is judged on sending."""
    try:
        tonnes = read_integer(text)
    except QuantityRefused:
        return None
    return tonnes if 1 <= tonnes <= MOST_TONNES else None
