"""Codes for the single items of a product: batches, their labels, and which labels are read unusually often."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.pages.product import own_product
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.items import batches, labels, scanning
from marketplace.items.batches import MOST_ITEMS_OF_A_BATCH, BatchWish
from marketplace.items.errors import BatchNotFound, BatchRefused, ItemsAboveCover, LabelsRefused
from marketplace.items.models import ItemBatch
from marketplace.items.scanning import MONTH, OFTEN_A_DAY, OFTEN_A_MONTH
from marketplace.products import service as products
from marketplace.products.errors import PeriodNotFound
from marketplace.products.models import Product
from offset_calc.reading import Problems, read_date


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _list(request, await own_product(request), {})


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """Make a batch."""
    product, typed, context = await own_product(request), await read_typed(request), PageContext.of(request)
    locale, problems = context.locale, Problems()
    made_on = read_date(typed.get("made_on", ""), "made_on", problems)
    if made_on is None:
        (problem, *_) = problems.found
        errors = {"made_on": sentence(problem.code, problem.params, locale)}
        return await _list(request, product, typed, errors=errors)
    try:
        batch = await batches.make(
            services_of(request).market,
            actor_of(request),
            product.id,
            BatchWish(typed.get("name", ""), made_on, _whole(typed.get("items", ""))),
        )
    except MarketplaceError as refused:
        refusal = MarketWords(locale).refusal(refused)
        return await _list(request, product, typed, errors={_field(refused): refusal})
    return RedirectResponse(context.url(f"/account/products/{product.id}/items/{batch.id}"), status_code=303)


def _field(refused: MarketplaceError) -> str:
    match refused:
        case ItemsAboveCover():
            return "items"
        case BatchRefused():
            return str(refused.params["field"])
        case PeriodNotFound():
            return "made_on"
        case _:
            return "name"


def _whole(text: str) -> int:
    plain = text.strip().replace(",", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 12 else 0


async def _list(request: Request, product: Product, typed: Typed, *, errors: dict[str, str] | None = None) -> Response:
    market = services_of(request).market
    today = products.today(market)
    try:
        left = await batches.left_units(await products.period_on(product.id, today))
    except PeriodNotFound:
        left = 0
    return page_response(
        request,
        "pages/items/batches.html",
        status=422 if errors else 200,
        product=product,
        batches=await batches.all_of(product),
        left=left,
        today=today,
        most=MOST_ITEMS_OF_A_BATCH,
        typed=typed,
        errors=errors or {},
    )


@only(Role.OWNER, Role.BUYER)
async def batch_page(request: Request) -> Response:
    return await _batch_page(request, await own_product(request))


@only(Role.OWNER, Role.BUYER)
async def withdraw(request: Request) -> Response:
    product, batch = await _own_batch(request)
    await batches.withdraw(services_of(request).market, actor_of(request), product.id, batch.id)
    address = PageContext.of(request).url(f"/account/products/{product.id}/items/{batch.id}")
    return RedirectResponse(address, status_code=303)


@only(Role.OWNER, Role.BUYER)
async def table(request: Request) -> Response:
    """All codes as CSV, sent while it is written."""
    product, batch = await _own_batch(request)
    origin = PageContext.of(request).public_origin
    headers = {"Content-Disposition": f'attachment; filename="item-codes-{batch.id}.csv"'}
    secret = batches.secret_of(services_of(request).market, batch)
    pieces = labels.table(product, batch, secret=secret, origin=origin)
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8", headers=headers)


@only(Role.OWNER, Role.BUYER)
async def sheet(request: Request) -> Response:
    """Labels as PDF: ?layout=&first=&count=."""
    product, batch = await _own_batch(request)
    wanted, context = request.query_params, PageContext.of(request)
    layout = labels.sheets().get(wanted.get("layout", ""))
    if layout is None:
        return await _batch_page(request, product, error=sentence("unknown_choice", {}, context.locale))
    try:
        pdf = await asyncio.to_thread(
            labels.pdf,
            product,
            batch,
            layout,
            secret=batches.secret_of(services_of(request).market, batch),
            first=_whole(wanted.get("first", "")),
            count=_whole(wanted.get("count", "")),
            origin=context.public_origin,
            locale=context.locale.value,
        )
    except LabelsRefused as refused:
        return await _batch_page(request, product, error=MarketWords(context.locale).refusal(refused))
    headers = {"Content-Disposition": f'inline; filename="labels-{batch.id}.pdf"', "X-Content-Type-Options": "nosniff"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _batch_page(request: Request, product: Product, *, error: str = "") -> Response:
    _, batch = await _own_batch(request)
    market = services_of(request).market
    return page_response(
        request,
        "pages/items/batch.html",
        status=422 if error else 200,
        product=product,
        batch=batch,
        sample=labels.code_of(batch, 1, batches.secret_of(market, batch)),
        readings=await scanning.readings_of(batch, now=market.clock()),
        sheets=labels.sheets(),
        most=min(labels.MOST_LABELS, batch.items),
        often_a_day=OFTEN_A_DAY,
        often_a_month=OFTEN_A_MONTH,
        month_days=MONTH.days,
        typed=request.query_params,
        error=error,
    )


async def _own_batch(request: Request) -> tuple[Product, ItemBatch]:
    product = await own_product(request)
    try:
        return product, await batches.of_product(product, request.path_params["batch_id"])
    except BatchNotFound as missing:
        raise HTTPException(404) from missing
