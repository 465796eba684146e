"""The progress page of an order: the truth from the first second, for whoever has its address."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.order_view import OrderView, view_of
from frontend.responses import page_response
from marketplace.clock import japan_date
from marketplace.desk.expectations import due_by_registry
from marketplace.errors import OrderNotFound
from marketplace.invoices import service as invoices
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import events_of
from marketplace.quotes import service as quotes
from marketplace.registries.processing import processing_window

REFRESH_SECONDS = 3
# The token in the address is the key to the order: no other site may learn it.
SECRET_ADDRESS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


async def page(request: Request) -> Response:
    order = await _order(request)
    instruction = Instruction.model_validate_json(order.instruction)
    quote = await quotes.find(order.quote_id)
    now = services_of(request).market.clock()
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
        token=order.access_token,
        progress=await _progress(request, order),
        order=order,
        pay_url=order.checkout_url if order.state == OrderState.AWAITING_PAYMENT else None,
        instruction=instruction,
        tonnes=quote.tonnes,
        footprint_id=quote.footprint_id,
        expected=expected,
        by_hand=bool(at_the_desk),
        refresh_seconds=REFRESH_SECONDS,
        papers=await invoices.of_order(order.id),
    )


async def status(request: Request) -> Response:
    """For the page's script: has anything changed, and is it worth asking again?"""
    progress = await _progress(request, await _order(request))
    return JSONResponse({"version": progress.version, "under_way": progress.under_way}, headers=SECRET_ADDRESS)


async def _order(request: Request) -> Order:
    try:
        return await orders.find_by_token(request.path_params["token"])
    except OrderNotFound as missing:
        raise HTTPException(404) from missing


async def _progress(request: Request, order: Order) -> OrderView:
    return view_of(
        order,
        await events_of(order.id),
        back_from_payment=request.query_params.get("paid") == "1",
        locale=PageContext.of(request).locale,
    )
