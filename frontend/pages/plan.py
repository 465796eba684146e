"""A plan's own page, for whoever has its address: what was covered, what comes next, and everything that can be changed."""

from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed, uploaded
from frontend.market_words import MarketWords
from frontend.offer_view import view_of
from frontend.pages.order import SECRET_ADDRESS
from frontend.plan_form import UNLISTED, field_errors, read_usage, size_options, supplier_views
from frontend.plan_view import KINDS, chart_of, chart_of_year, month_views, next_view, terms_view
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.to_payment import to_payment
from frontend.wording import words
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.plans import bill_files, bills, changes, extras, failures, reading, steering
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.bills import BillRow
from marketplace.plans.errors import BillRowsRefused, PlanNotFound
from marketplace.plans.models import Plan
from marketplace.plans.offers import plan_offers
from marketplace.plans.states import LIVE, PlanState
from offset_calc.tabular import TableRefused

LARGEST_TABLE = 100_000


async def page(request: Request) -> Response:
    return await _shown(request, await _plan(request))


async def submit(request: Request) -> Response:
    """One button is one act; what it needs stands in its form."""
    plan, typed = await _plan(request), await read_typed(request)
    act = _ACTS.get(typed.get("action", ""))
    if act is None:
        raise HTTPException(404)
    locale = PageContext.of(request).locale
    try:
        return await act(request, plan, typed) or _back(request, plan)
    except TableRefused as refused:
        errors = {"table": sentence(f"table_{refused.reason}", refused.params, locale)}
    except BillRowsRefused as refused:
        errors = {"table": " ".join(_row_sentence(row, request) for row in refused.params["rows"])}  # type: ignore[attr-defined]  # a list by its docstring
    except MarketplaceError as refused:
        errors = field_errors(refused, locale)
        if typed.get("action") == "bill":
            errors = {"bill_kwh" if name == "kwh" else "bill_month": text for name, text in errors.items()}
    return await _shown(request, await _plan(request), typed=typed, errors=errors)


def _row_sentence(row: Mapping[str, object], request: Request) -> str:
    locale = PageContext.of(request).locale
    params = row["params"] if isinstance(row["params"], Mapping) else {}
    code = str(params.get("reason", row["code"]))
    return sentence("bill_row", {"line": row["line"], "problem": sentence(code, params, locale)}, locale)


async def _change(request: Request, plan: Plan, typed: Typed) -> None:
    market = services_of(request).market
    await changes.change(market, plan.id, read_usage(typed), typed.get("listing", ""))
    await _at_once(market, plan)


async def _pause(request: Request, plan: Plan, _: Typed) -> None:
    await changes.pause(services_of(request).market, plan.id)
    await _at_once(services_of(request).market, plan)


async def _resume(request: Request, plan: Plan, _: Typed) -> None:
    await changes.resume(services_of(request).market, plan.id)
    await _at_once(services_of(request).market, plan)


async def _bill(request: Request, plan: Plan, typed: Typed) -> None:
    row = BillRow(typed.get("bill_month", ""), typed.get("bill_kwh", ""))
    await bills.enter(services_of(request).market, plan.id, [row])


async def _table(request: Request, plan: Plan, _: Typed) -> None:
    file = await uploaded(request, "table")
    content = b"" if file is None else await file.read(LARGEST_TABLE + 1)
    if len(content) > LARGEST_TABLE:
        raise TableRefused("too_large", most=0.1)
    await bill_files.enter_table(services_of(request).market, plan.id, BytesIO(content))


async def _extra(request: Request, plan: Plan, typed: Typed) -> Response:
    market = services_of(request).market
    order = await extras.order_extra(
        market,
        plan.id,
        typed.get("month", ""),
        consent=typed.get("consent"),
        locale=PageContext.of(request).locale.value,
    )
    own_page = PageContext.of(request).url(f"/orders/{order.access_token}")
    try:
        return await to_payment(request, order.id, own_page=own_page, headers=SECRET_ADDRESS)
    except PaymentRefused as refused:
        errors = {"bill_kwh": sentence(refused.code, {}, PageContext.of(request).locale)}
        return await _shown(request, plan, typed=typed, errors=errors)


async def _card(request: Request, plan: Plan, _: Typed) -> Response:
    """To the provider's page for another card."""
    context, market = PageContext.of(request), services_of(request).market
    own_page = f"{market.base_url}{context.url(f'/plans/{plan.access_token}')}"
    if plan.customer is None:
        return _back(request, plan)
    try:
        address = await market.plans.card_page(plan.customer, return_url=own_page, locale=context.locale.value)
    except PaymentProviderUnreachable as unreachable:
        raise HTTPException(503) from unreachable
    except PaymentRefused:
        return await _shown(request, plan, errors={"card": words("plans", "card.refused", context.locale)})
    return RedirectResponse(address, status_code=303, headers=SECRET_ADDRESS)


_Act = Callable[[Request, Plan, Typed], Awaitable[Response | None]]
_ACTS: Mapping[str, _Act] = {
    "change": _change,
    "pause": _pause,
    "resume": _resume,
    "bill": _bill,
    "table": _table,
    "extra": _extra,
    "card": _card,
}


async def ending(request: Request) -> Response:
    """One page that says what happens, with one button."""
    plan = await _plan(request)
    if plan.state not in LIVE:
        return _back(request, plan)
    months = await reading.months_of(plan.id)
    return page_response(
        request,
        "pages/plan_end.html",
        headers=SECRET_ADDRESS,
        plan=plan,
        token=plan.access_token,
        last_paid=months[-1] if months else None,
        certified=sum(1 for month in months if month.certificate_number),
    )


async def end(request: Request) -> Response:
    plan, market = await _plan(request), services_of(request).market
    await changes.cancel(market, plan.id)
    await _at_once(market, plan)
    return _back(request, plan)


async def year(request: Request) -> Response:
    """A calendar year's certificates on one sheet, to be printed."""
    plan = await _plan(request)
    years = await reading.years_of(await reading.months_of(plan.id))
    seen = next((one for one in years if str(one.year) == request.path_params["year"]), None)
    if seen is None:
        raise HTTPException(404)
    return page_response(
        request,
        "pages/plan_year.html",
        headers=SECRET_ADDRESS,
        plan=plan,
        token=plan.access_token,
        year=seen,
        chart=chart_of_year(seen.year, seen.months),
        months=list(reversed(month_views(seen.months, PageContext.of(request).locale))),
        made_at=services_of(request).market.clock(),
    )


@only(second_factor=False)
async def mine(request: Request) -> Response:
    """The plans of whoever is signed in, by the address that the sign-in has shown to be theirs."""
    found = await plans.of_address(actor_of(request).email)
    seen = [(plan, KINDS[PlanState(plan.state)], await reading.running_total_g(plan.id)) for plan in found]
    return page_response(request, "pages/plan_mine.html", headers=SECRET_ADDRESS, plans=seen)


async def _plan(request: Request) -> Plan:
    try:
        return await plans.find_by_token(request.path_params["token"])
    except PlanNotFound as missing:
        raise HTTPException(404) from missing


def _back(request: Request, plan: Plan) -> Response:
    address = PageContext.of(request).url(f"/plans/{plan.access_token}")
    return RedirectResponse(address, status_code=303, headers=SECRET_ADDRESS)


async def _at_once(market: Market, plan: Plan) -> None:
    """The provider hears of it now if it can be reached; if not, the worker goes on trying, and asks a person in the end."""
    try:
        await steering.follow(market, plan.id)
    except (PaymentProviderUnreachable, PaymentRefused, steering.PlanDoesNotSettle):
        return


async def _shown(
    request: Request, plan: Plan, *, typed: Typed | None = None, errors: Mapping[str, str] | None = None
) -> Response:
    market, locale = services_of(request).market, PageContext.of(request).locale
    months = await reading.months_of(plan.id)
    newest, state = await plan_terms.newest(plan.id), PlanState(plan.state)
    present = {"menu": newest.menu or UNLISTED, "kwh": newest.kwh or "", "household_size": newest.household_size or ""}
    known = {**present, "listing": newest.listing_id, "bill_month": "", "bill_kwh": "", **(typed or {})}
    offers = [offer for offer in await plan_offers(market) if offer.listing.id != newest.listing_id]
    next_terms, coming = await terms_view(newest, locale), await next_view(plan, market.clock())
    just_paid = request.query_params.get("paid") == "1"
    return page_response(
        request,
        "pages/plan.html",
        status=422 if errors else 200,
        headers=SECRET_ADDRESS,
        form_targets=PageContext.of(request).payment_sites,
        plan=plan,
        token=plan.access_token,
        state=state,
        kind=KINDS[state],
        paying=just_paid and state is PlanState.AWAITING_PAYMENT,
        reloads=just_paid and (state is PlanState.AWAITING_PAYMENT or coming.word == "arranging"),
        typed=known,
        errors=errors or {},
        terms=next_terms,
        because=newest.because if not months or months[-1].terms.id != newest.id else None,
        coming=coming,
        total_g=await reading.running_total_g(plan.id),
        months=month_views(months, locale),
        chart=chart_of(months),
        years=await reading.years_of(months),
        uncovered_g=await bills.uncovered_g(plan.id),
        consent=extras.consent_words(market, locale.value),
        failure=await failures.newest_failure(plan.id) if state is PlanState.PAST_DUE else None,
        last_moment=failures.last_moment(plan) if state is PlanState.PAST_DUE else None,
        suppliers=supplier_views(locale),
        unlisted=UNLISTED,
        sizes=size_options(locale),
        offers=[next_terms.offer, *(view_of(offer, MarketWords(locale)) for offer in offers)],
        mailbox=plan.email if market.post.keeps_copies else None,
    )
