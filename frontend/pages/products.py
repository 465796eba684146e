"""An organisation's products: the list with how each stands, and a new one."""

from datetime import date

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.product_forms import Reading, read_day, read_text, read_units
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.products import service as products
from marketplace.products.coverage import coverage
from marketplace.products.service import ProductWish, UnitFootprint
from marketplace.products.states import SalesMarket

SHOWN = 100
LONGEST_NAME, LONGEST_UNIT, LONGEST_EFFORT = 120, 60, 1_000
MOST_GRAMS = 10**12


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _page(request, {"market": SalesMarket.JP.value})


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    typed, context = await read_typed(request), PageContext.of(request)
    reading = Reading(typed, context.locale)
    wish = _read(reading)
    period = _read_period(reading)
    if not reading.errors and wish is not None:
        market = services_of(request).market
        try:
            product = await products.create_product(market, actor_of(request), wish, period=period)
        except MarketplaceError as refused:
            field = "first_day" if refused.code == "cover_period_refused" else "covered_g_per_unit"
            reading.errors[field] = MarketWords(context.locale).refusal(refused)
        else:
            return RedirectResponse(context.url(f"/account/products/{product.id}"), status_code=303)
    return await _page(request, typed, errors=reading.errors)


def _read(reading: Reading) -> ProductWish | None:
    name = read_text(reading, "name", most=LONGEST_NAME)
    unit = read_text(reading, "functional_unit", most=LONGEST_UNIT)
    effort = read_text(reading, "reduction_effort", most=LONGEST_EFFORT)
    grams = read_units(reading, "g_per_unit", most=MOST_GRAMS)
    covered = read_units(reading, "covered_g_per_unit", most=MOST_GRAMS, needed=False)
    from_day = read_day(reading, "first_day")
    chosen = reading.typed.get("market", "")
    if chosen not in set(SalesMarket):
        reading.errors["market"] = sentence("unknown_choice", {}, reading.locale)
    if reading.errors or from_day is None:
        return None
    footprint = UnitFootprint(grams, covered or grams, from_day)
    return ProductWish(name, unit, SalesMarket(chosen), effort, footprint)


def _read_period(reading: Reading) -> tuple[date, date] | None:
    first_day, last_day = read_day(reading, "first_day"), read_day(reading, "last_day")
    return (first_day, last_day) if first_day and last_day else None


async def _page(request: Request, typed: Typed, *, errors: dict[str, str] | None = None) -> Response:
    market, context = services_of(request).market, PageContext.of(request)
    today = products.today(market)
    found = await products.products_of(str(actor_of(request).organisation_id), limit=SHOWN)
    return page_response(
        request,
        "pages/products/index.html",
        status=422 if errors else 200,
        products=[await coverage(product, today) for product in found],
        markets=[(one.value, words("products", f"market.{one}", context.locale)) for one in SalesMarket],
        typed=typed,
        errors=errors or {},
    )
