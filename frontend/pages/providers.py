"""What every provider offered, sold and had cancelled, project by project: open to everyone."""

import csv
import io

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext
from frontend.market_words import MarketWords
from frontend.pages.provider import serial_text
from frontend.responses import page_response
from marketplace.inventory.models import Provider
from marketplace.inventory.states import IntervalState
from marketplace.providers import stock
from marketplace.providers.errors import ProviderNotFound
from offset_calc.tabular import safe_cell

NEWEST = 100
HEAD = (
    "registry", "project", "certification_number", "methodology", "scheme_symbol", "credit_symbol", "serial_first", "serial_last",
    "tonnes", "offered_tonnes", "held_tonnes", "sold_tonnes", "cancelled_tonnes", "withdrawn_tonnes", "remaining_tonnes",
)  # fmt: skip


async def index(request: Request) -> Response:
    return page_response(
        request,
        "pages/provider/index.html",
        providers=await stock.all_providers(),
        w=MarketWords(PageContext.of(request).locale),
    )


async def page(request: Request) -> Response:
    provider = await _provider(request)
    return page_response(
        request,
        "pages/provider/public.html",
        provider=provider,
        stocks=await stock.stock_of(provider.id),
        cancellations=await stock.sales_of(provider.id, limit=NEWEST, states=[IntervalState.CANCELLED]),
        w=MarketWords(PageContext.of(request).locale),
        serials=serial_text,
    )


async def table(request: Request) -> Response:
    """The same figures as CSV, a row a block."""
    provider = await _provider(request)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(HEAD)
    for one in await stock.stock_of(provider.id):
        block = one.block
        facts = (
            block.registry, block.project_key, block.certification_number, block.methodology, block.scheme_symbol or "",
            block.credit_symbol or "", block.serial_text(block.first_serial), block.serial_text(block.last_serial),
        )  # fmt: skip
        figures = (one.total, one.available, one.held, one.sold, one.cancelled, one.withdrawn, one.remaining)
        rows.writerow([*map(safe_cell, facts), *figures])
    headers = {"Content-Disposition": f'attachment; filename="{provider.id}.csv"', "Cache-Control": "no-cache"}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


async def _provider(request: Request) -> Provider:
    try:
        return await stock.provider(request.path_params["provider_id"])
    except ProviderNotFound as unknown:
        raise HTTPException(404) from unknown
