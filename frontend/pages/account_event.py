"""One event page as its organiser sees it: the address to hand out, the sum, the cap, the list and the invoices."""

import asyncio
from typing import Literal

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from certificates.qr import qr_svg
from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.pages.account_events import read_cap
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.errors import InvoiceNotFound
from marketplace.invoices import service as invoices
from marketplace.invoices.render_pdf import Paper, media_name, render
from marketplace.ledger.balance import balance_of
from marketplace.participation import event_pages, sums
from marketplace.participation.errors import CapBelowCommitted, EventPageNotFound
from marketplace.participation.models import EventPage, Participation

SHOWN = 100


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """action=close or cap."""
    opened, typed, context = await _opened(request), await read_typed(request), PageContext.of(request)
    market, actor = services_of(request).market, actor_of(request)
    match typed.get("action"):
        case "close":
            await event_pages.close(market, actor, opened.id)
        case "cap":
            errors: dict[str, str] = {}
            cap_yen = read_cap(typed, context.locale, errors)
            if errors:
                return await _page(request, errors=errors, status=422)
            try:
                await event_pages.change_cap(market, actor, opened.id, cap_yen)
            except CapBelowCommitted as refused:
                errors = {"cap_yen": MarketWords(context.locale).refusal(refused)}
                return await _page(request, errors=errors, status=409)
        case _:
            raise HTTPException(400)
    return RedirectResponse(context.url(f"/account/events/{opened.id}"), status_code=303)


@only(Role.OWNER, Role.BUYER)
async def table(request: Request) -> Response:
    """Everyone who joined, as a spreadsheet reads it."""
    opened = await _opened(request)
    headers = {"Content-Disposition": f'attachment; filename="event-{opened.code}.csv"'}
    return Response(await sums.as_csv(opened), media_type="text/csv; charset=utf-8", headers=headers)


@only(Role.OWNER, Role.BUYER)
async def invoice(request: Request) -> Response:
    """The invoice for what the organiser paid for one attendee."""
    opened = await _opened(request)
    joined = await Participation.get_or_none(
        event_page_id=opened.id, organiser_order_id=request.path_params["order_id"]
    )
    try:
        record = await invoices.invoice_of(str(joined.organiser_order_id)) if joined else None
    except InvoiceNotFound:
        record = None
    if record is None:
        raise HTTPException(404)
    content = invoices.content_of(record)
    locale: Literal["ja", "en"] = "ja" if PageContext.of(request).locale is Locale.JA else "en"
    pdf = await asyncio.to_thread(render, content, Paper.INVOICE, locale)
    disposition = f'inline; filename="{media_name(content, Paper.INVOICE)}"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _page(request: Request, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    opened, context = await _opened(request), PageContext.of(request)
    address = f"{context.public_origin}/e/{opened.code}"
    rows = []
    async for row in sums.rows_of(opened):
        rows.append(row)
        if len(rows) == SHOWN:
            break
    return page_response(
        request,
        "pages/account/event.html",
        status=status,
        event=opened,
        address=address,
        qr=Markup(qr_svg(address)),  # noqa: S704  # drawn by us
        sum=await sums.sum_of(opened),
        rows=rows,
        shown=SHOWN,
        balance_yen=await balance_of(opened.organisation_id),
        errors=errors or {},
    )


async def _opened(request: Request) -> EventPage:
    try:
        return await event_pages.of_organisation(str(actor_of(request).organisation_id), request.path_params["page_id"])
    except EventPageNotFound as missing:
        raise HTTPException(404) from missing
