"""An order's invoice, receipt and credit notes."""

import asyncio
from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response

from api.calls import Call, Content, Reply
from api.endpoints import endpoint
from api.v1.order_names import OrderPath, order_of
from api.v1.shapes import Currency, Cursor, Page, PageSize, View, Wish, cursor_after, place_in
from marketplace.accounts.errors import ScopeMissing
from marketplace.errors import InvoiceNotFound, OrderNotFound
from marketplace.invoices import service as invoices
from marketplace.invoices.content import Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.invoices.render_pdf import Paper, media_name, render

PDF = Content("application/pdf", "One A4 page, drawn from what was frozen with the number.")


class CreditNotePath(OrderPath):
    number: Annotated[str, Field(max_length=32)]


class PaperQuery(Wish):
    lang: Literal["ja", "en"] = "ja"


class PaperView(View):
    """`total` and `tax` in yen; a credit note's are what was given back. `url` is the PDF."""

    number: str
    kind: Kind
    total: int
    tax: int
    currency: Currency
    issued_on: str
    concerns: str | None
    url: str


class PapersQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


@endpoint(
    "GET",
    "/v1/orders/{token}/papers",
    answers={200: Page[PaperView]},
    refuses=(OrderNotFound, ScopeMissing),
    tag="Buying",
)
async def list_papers(call: Call, path: OrderPath, query: PapersQuery) -> Reply:
    """List an order's invoice and credit notes

    The invoice comes with the payment, a credit note with each refund. Both keep what they say for ever.
    """
    order = await order_of(call, path.token)
    base = f"{call.services.public_origin}/v1/orders/{path.token}"
    records = await invoices.of_order(order.id)
    if query.cursor is not None:
        (last,) = place_in(query.cursor, 1)
        records = records[next((n for n, one in enumerate(records, 1) if one.number == last), len(records)) :]
    page = records[: query.limit]
    return Reply(
        Page[PaperView](
            data=[_view(record, base) for record in page],
            next_cursor=cursor_after(page[-1].number) if len(records) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/orders/{token}/invoice.pdf",
    answers={200: PDF},
    refuses=(OrderNotFound, ScopeMissing, InvoiceNotFound),
    tag="Buying",
)
async def read_invoice(call: Call, path: OrderPath, query: PaperQuery) -> Response:
    """Print the invoice"""
    return await _print(await _invoice(call, path.token), Paper.INVOICE, query)


@endpoint(
    "GET",
    "/v1/orders/{token}/receipt.pdf",
    answers={200: PDF},
    refuses=(OrderNotFound, ScopeMissing, InvoiceNotFound),
    tag="Buying",
)
async def read_receipt(call: Call, path: OrderPath, query: PaperQuery) -> Response:
    """Print the receipt"""
    return await _print(await _invoice(call, path.token), Paper.RECEIPT, query)


@endpoint(
    "GET",
    "/v1/orders/{token}/credit-notes/{number}.pdf",
    answers={200: PDF},
    refuses=(OrderNotFound, ScopeMissing, InvoiceNotFound),
    tag="Buying",
)
async def read_credit_note(call: Call, path: CreditNotePath, query: PaperQuery) -> Response:
    """Print a credit note"""
    order = await order_of(call, path.token)
    return await _print(await invoices.credit_note_of(order.id, path.number), Paper.CREDIT_NOTE, query)


async def _invoice(call: Call, named: str) -> InvoiceRecord:
    order = await order_of(call, named)
    return await invoices.invoice_of(order.id)


async def _print(record: InvoiceRecord, paper: Paper, query: PaperQuery) -> Response:
    content = invoices.content_of(record)
    pdf = await asyncio.to_thread(render, content, paper, query.lang)
    headers = {"Content-Disposition": f'inline; filename="{media_name(content, paper)}"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _view(record: InvoiceRecord, base: str) -> PaperView:
    content = invoices.content_of(record)
    path = "invoice" if content.kind is Kind.INVOICE else f"credit-notes/{content.number}"
    return PaperView(
        number=content.number,
        kind=content.kind,
        total=content.total_yen,
        tax=content.tax_yen,
        currency="JPY",
        issued_on=content.issued_on.isoformat(),
        concerns=content.concerns,
        url=f"{base}/{path}.pdf",
    )
