"""The progress page of an order: the truth from the first second, for whoever has its address."""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from frontend.access import noticing, visitor_of
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.market_words import MarketWords
from frontend.order_news import OrderNews, TooManyListeners
from frontend.order_view import OrderView, view_of
from frontend.pages.calculator import ON_PAGES
from frontend.responses import page_response
from frontend.top_up import footprint_in, top_up_of
from marketplace.accounts import belongings
from marketplace.clock import japan_date
from marketplace.desk.expectations import due_by_registry
from marketplace.errors import MarketplaceError, OrderNotFound
from marketplace.invoices import service as invoices
from marketplace.orders import certified_parts
from marketplace.orders import service as orders
from marketplace.orders.cancellation import cancel, is_free
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.participation import joining
from marketplace.pools import service as pools
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.topping_up import open_grams
from marketplace.registries.processing import processing_window

REFRESH_SECONDS = 3
# A connection says something so often even if there is no news, and is made anew after a while.
SILENCE_SECONDS = 15.0
CONNECTION_SECONDS = 600.0
PAID = (OrderState.PAID, OrderState.RETIRING)
# The token in the address is the key to the order: no other site may learn it.
SECRET_ADDRESS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@noticing
async def page(request: Request) -> Response:
    return await _shown(request, await _order(request))


@noticing
async def give_up(request: Request) -> Response:
    """The buyer takes the order back; what was paid goes back too, or stays as the organisation's balance."""
    order = await _order(request)
    typed = await read_typed(request)
    try:
        await cancel(services_of(request).market, order.id, to_balance=typed.get("refund_to") == "balance")
    except MarketplaceError as refused:
        reason = MarketWords(PageContext.of(request).locale).refusal(refused)
        return await _shown(request, await _order(request), refused=reason)
    address = PageContext.of(request).url(f"/orders/{order.access_token}")
    return RedirectResponse(address, status_code=303, headers=SECRET_ADDRESS)


@noticing
async def top_up(request: Request) -> Response:
    """On to the choice of credits for what the order leaves open of the footprint whose address was typed."""
    order = await _order(request)
    typed = (await read_typed(request)).get("footprint", "")
    footprint_id = footprint_in(typed)
    try:
        await open_grams(order, footprint_id)
    except MarketplaceError as refused:
        reason = MarketWords(PageContext.of(request).locale).refusal(refused)
        return await _shown(request, order, actual=typed, actual_refused=reason)
    address = PageContext.of(request).url(f"/footprints/{footprint_id}/offset")
    return RedirectResponse(f"{address}?tops_up={order.access_token}", status_code=303, headers=SECRET_ADDRESS)


async def _shown(
    request: Request, order: Order, *, refused: str = "", actual: str = "", actual_refused: str = ""
) -> Response:
    instruction = Instruction.model_validate_json(order.instruction)
    quote = await quotes.find(order.quote_id)
    now = services_of(request).market.clock()
    owner = await belongings.owner_of(order.id)
    words = MarketWords(PageContext.of(request).locale)
    at_the_desk = await due_by_registry(order.id)
    profiles = services_of(request).market.desk.profiles
    expected = [
        (words.registry(code), japan_date(at_the_desk.get(code) or processing_window(profiles[code], now).ends))
        for code in await quotes.registries_of(order.quote_id)
    ]
    return page_response(
        request,
        "pages/order.html",
        headers=SECRET_ADDRESS,
        status=409 if refused else 422 if actual_refused else 200,
        token=order.access_token,
        progress=await _progress(request, order),
        order=order,
        certificates=(await certified_parts.certificates_of([order]))[order.id],
        pay_url=order.pay_url,
        instruction=instruction,
        tonnes=quote.tonnes,
        mailbox=order.email if services_of(request).market.post.keeps_copies else None,
        grams=quote.grams,
        may_cancel=await is_free(order),
        has_owner=order.state in PAID and owner is not None,
        may_claim=owner is None and belongings.may_claim_by_address(visitor_of(request), order),
        refused=refused,
        pool_wait=await _pool_wait(request, order, quote),
        footprint_id=quote.footprint_id,
        expected=expected,
        by_hand=bool(at_the_desk),
        refresh_seconds=REFRESH_SECONDS,
        papers=await invoices.of_order(order.id),
        event_page=await joining.page_of_order(order.id),
        top_up=await top_up_of(order, quote),
        calculators=ON_PAGES,
        actual=actual,
        actual_refused=actual_refused,
    )


async def status(request: Request) -> Response:
    """For the page's script: has anything changed, and is it worth asking again?"""
    progress = await _progress(request, await _order(request))
    return JSONResponse({"version": progress.version, "under_way": progress.under_way}, headers=SECRET_ADDRESS)


async def news(request: Request) -> Response:
    """The same, told as it happens: server-sent events. Each carries the version as its id, so that a connection made anew
    goes on where the last one ended. 503 where there is no place for another listener: then the page asks `status`.
    """
    order = await _order(request)
    order_news: OrderNews = request.app.state.order_news
    if order_news.is_full:
        return Response(status_code=503, headers=SECRET_ADDRESS | {"Retry-After": "15"})
    return StreamingResponse(
        _told(request, order, order_news),
        media_type="text/event-stream",
        headers=SECRET_ADDRESS | {"X-Accel-Buffering": "no"},
    )


async def _told(request: Request, order: Order, order_news: OrderNews) -> AsyncIterator[str]:
    known = request.headers.get("Last-Event-ID") or request.query_params.get("known")
    ends = asyncio.get_running_loop().time() + CONNECTION_SECONDS
    yield "retry: 3000\n\n"
    try:
        with order_news.listening(order.id) as happened:
            while not order_news.closing and asyncio.get_running_loop().time() < ends:
                happened.clear()
                progress = await _progress(request, await orders.find(order.id))
                if progress.version != known:
                    known = progress.version
                    said = json.dumps({"version": known, "under_way": progress.under_way})
                    yield f"id: {known}\nevent: progress\ndata: {said}\n\n"
                if not progress.under_way:
                    return
                try:
                    await asyncio.wait_for(happened.wait(), SILENCE_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
    except TooManyListeners:
        # taken between the question and now: the browser comes again
        return


async def _order(request: Request) -> Order:
    try:
        return await orders.find_by_token(request.path_params["token"])
    except OrderNotFound as missing:
        raise HTTPException(404) from missing


async def _pool_wait(request: Request, order: Order, quote: Quote) -> int | None:
    """The longest wait for a shared cancellation, in days; None where nothing waits for one."""
    if order.state not in PAID or not quote.pool_g or await pools.is_ready(quote.id):
        return None
    return services_of(request).market.terms.pools.longest_wait.days


async def _progress(request: Request, order: Order) -> OrderView:
    return view_of(
        order,
        await events_of(order.id),
        back_from_payment=request.query_params.get("paid") == "1",
        locale=PageContext.of(request).locale,
    )
