"""An order's invoice, receipt and credit notes as PDF, for whoever has the order's address."""

import asyncio
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext
from frontend.locales import Locale
from frontend.pages.order import SECRET_ADDRESS
from marketplace.errors import InvoiceNotFound, OrderNotFound
from marketplace.invoices import service as invoices
from marketplace.invoices.models import InvoiceRecord
from marketplace.invoices.render_pdf import Paper, media_name, render
from marketplace.orders import service as orders


async def invoice(request: Request) -> Response:
    return await _paper(request, Paper.INVOICE)


async def receipt(request: Request) -> Response:
    return await _paper(request, Paper.RECEIPT)


async def credit_note(request: Request) -> Response:
    return await _paper(request, Paper.CREDIT_NOTE)


async def _paper(request: Request, paper: Paper) -> Response:
    content = invoices.content_of(await _record(request, paper))
    locale: Literal["ja", "en"] = "ja" if PageContext.of(request).locale is Locale.JA else "en"
    pdf = await asyncio.to_thread(render, content, paper, locale)
    disposition = f'inline; filename="{media_name(content, paper)}"'
    headers = {**SECRET_ADDRESS, "Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _record(request: Request, paper: Paper) -> InvoiceRecord:
    try:
        order = await orders.find_by_token(request.path_params["token"])
        if paper is Paper.CREDIT_NOTE:
            return await invoices.credit_note_of(order.id, request.path_params["number"])
        return await invoices.invoice_of(order.id)
    except (OrderNotFound, InvoiceNotFound) as missing:
        raise HTTPException(404) from missing
