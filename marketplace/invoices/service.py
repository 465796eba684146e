"""Number and freeze invoices and credit notes. Numbers run from 1 each year, in Japan time, without a gap."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.statement import Environment
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.errors import InvoiceNotFound
from marketplace.invoices import composing
from marketplace.invoices.composing import Heading
from marketplace.invoices.content import Content, Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.payments.models import Payment, RefundRecord
from marketplace.quotes.models import Quote

PREFIXES = {Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRN"}


async def issue(market: Market, order_id: str) -> None:
    """Job after a payment: the order's invoice, once."""

    async def work(tx: BaseDBAsyncClient) -> None:
        order, quote = await orders.find_with_quote(order_id)
        captured_at = await _lock(tx, order)
        await _issued(market, tx, order, quote, captured_at)

    await run_tx(work)


async def issue_credit_note(market: Market, refund_id: str) -> None:
    """Job after a refund: what it takes off the invoice, once. A refund that fails later and is made again adds nothing."""

    async def work(tx: BaseDBAsyncClient) -> None:
        refund = await RefundRecord.get(id=refund_id)
        order, quote = await orders.find_with_quote((await Payment.get(id=refund.payment_id)).order_id)
        captured_at = await _lock(tx, order)
        if await InvoiceRecord.exists(refund_id=refund_id):
            return
        invoiced = content_of(await _issued(market, tx, order, quote, captured_at))
        notes = await InvoiceRecord.filter(order_id=order.id, kind=Kind.CREDIT_NOTE).order_by("sequence")
        year, sequence = await next_numbers(tx, Kind.CREDIT_NOTE, 1, at=market.clock())
        above = heading(market, Kind.CREDIT_NOTE, year, sequence, on=refund.decided_at or market.clock())
        content = await composing.credit_note(
            order, above, invoiced, [content_of(note) for note in notes], refund.amount_yen
        )
        await _store(market, order, content, year, sequence, refund_id=refund.id)

    await run_tx(work)


async def _lock(tx: BaseDBAsyncClient, order: Order) -> datetime:
    """Papers of one order queue here; returns when the order was paid."""
    if not is_postgres(tx):
        # one writer at a time
        return (await rows.get(Payment, order_id=order.id)).captured_at
    locked = "SELECT captured_at FROM payment WHERE order_id = $1 FOR UPDATE"
    (row,) = await tx.execute_query_dict(locked, [order.id])
    captured_at: datetime = row["captured_at"]
    return captured_at


async def _issued(
    market: Market, tx: BaseDBAsyncClient, order: Order, quote: Quote, captured_at: datetime
) -> InvoiceRecord:
    known = await rows.find(InvoiceRecord, order_id=order.id, kind=Kind.INVOICE)
    if known is not None:
        return known
    year, sequence = await next_numbers(tx, Kind.INVOICE, 1, at=market.clock())
    above = heading(market, Kind.INVOICE, year, sequence, on=captured_at)
    return await _store(market, order, await composing.invoice(order, quote, above), year, sequence, refund_id=None)


def heading(market: Market, kind: Kind, year: int, sequence: int, *, on: datetime) -> Heading:
    return Heading(
        number=f"{PREFIXES[kind]}-{year}-{sequence:06d}",
        issued_on=japan_date(market.clock()),
        on=japan_date(on),
        sandbox=market.signing_keys.environment is Environment.SANDBOX,
        issuer=market.terms.issuer,
    )


async def _store(
    market: Market, order: Order, content: Content, year: int, sequence: int, *, refund_id: str | None
) -> InvoiceRecord:
    record = numbered(market, order.id, content, year, sequence, refund_id=refund_id)
    await rows.insert(record)
    return record


def numbered(
    market: Market, order_id: str, content: Content, year: int, sequence: int, *, refund_id: str | None = None
) -> InvoiceRecord:
    """The row that freezes a paper."""
    return InvoiceRecord(
        number=content.number,
        kind=content.kind,
        year=year,
        sequence=sequence,
        order_id=order_id,
        refund_id=refund_id,
        content=content.model_dump_json(),
        issued_at=market.clock(),
    )


async def next_numbers(tx: BaseDBAsyncClient, kind: Kind, count: int, *, at: datetime) -> tuple[int, int]:
    """The year and the first of `count` numbers. Others wait here until this transaction ends, and if it fails its numbers are theirs."""
    year = japan_date(at).year
    series = await tx.execute_query_dict(
        sql(
            tx,
            "INSERT INTO invoice_series (kind, year, last_number) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, year) DO UPDATE SET last_number = invoice_series.last_number + excluded.last_number "
            "RETURNING last_number",
        ),
        [kind.value, year, count],
    )
    return year, int(series[0]["last_number"]) - count + 1


def content_of(record: InvoiceRecord) -> Content:
    return Content.model_validate_json(record.content)


async def of_order(order_id: str) -> list[InvoiceRecord]:
    """The invoice first, then the credit notes."""
    records = await InvoiceRecord.filter(order_id=order_id).order_by("sequence")
    return sorted(records, key=lambda record: record.kind != Kind.INVOICE)


async def invoiced(order_ids: Sequence[str]) -> frozenset[str]:
    """Which of these orders have an invoice."""
    records = await InvoiceRecord.filter(order_id__in=list(order_ids), kind=Kind.INVOICE)
    return frozenset(record.order_id for record in records)


async def invoice_of(order_id: str) -> InvoiceRecord:
    """Raises InvoiceNotFound: nothing is invoiced before it is paid."""
    record = await InvoiceRecord.get_or_none(order_id=order_id, kind=Kind.INVOICE)
    if record is None:
        raise InvoiceNotFound(f"order {order_id} has no invoice yet", order_id=order_id)
    return record


async def credit_note_of(order_id: str, number: str) -> InvoiceRecord:
    """Raises InvoiceNotFound."""
    record = await InvoiceRecord.get_or_none(order_id=order_id, kind=Kind.CREDIT_NOTE, number=number)
    if record is None:
        raise InvoiceNotFound(f"order {order_id} has no credit note {number}", order_id=order_id)
    return record
