"""Number and freeze invoices and credit notes. Numbers run from 1 each year, in Japan time, without a gap."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.statement import Environment
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.errors import InvoiceNotFound, OrderNotFound
from marketplace.invoices import composing
from marketplace.invoices.composing import Heading
from marketplace.invoices.content import Content, Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.payments.models import Payment, RefundRecord

ISSUE_ALL = "invoice.issue_all"
PREFIXES = {Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRN"}


async def issue(market: Market, order_id: str) -> None:
    """Job after a payment: the order's invoice, once."""
    await issue_all(market, [order_id])


async def issue_all(market: Market, orders: Sequence[str]) -> None:
    """As issue, for many paid orders in one transaction: numbered in one go, and written in one statement."""
    await run_tx(lambda tx: _issue(market, tx, orders))


async def issue_credit_note(market: Market, refund_id: str) -> None:
    """Job after a refund: what it takes off the invoice, once. A refund that fails later and is made again adds nothing."""

    async def work(tx: BaseDBAsyncClient) -> None:
        refund = await RefundRecord.get(id=refund_id)
        order = await orders.find((await Payment.get(id=refund.payment_id)).order_id)
        await _issue(market, tx, [order.id])
        if await InvoiceRecord.exists(refund_id=refund_id):
            return
        invoiced = content_of(await invoice_of(order.id))
        notes = await InvoiceRecord.filter(order_id=order.id, kind=Kind.CREDIT_NOTE).order_by("sequence")
        year, sequence = await next_numbers(tx, Kind.CREDIT_NOTE, 1, at=market.clock())
        above = heading(market, Kind.CREDIT_NOTE, year, sequence, on=refund.decided_at or market.clock())
        content = await composing.credit_note(
            order, above, invoiced, [content_of(note) for note in notes], refund.amount_yen
        )
        await rows.insert(numbered(market, order.id, content, year, sequence, refund_id=refund.id))

    await run_tx(work)


async def _issue(market: Market, tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> None:
    """Those that are missing. Raises OrderNotFound, and then issues none."""
    paid_at = await _locked(tx, order_ids)
    known = await rows.find_all(InvoiceRecord, order_id=list(order_ids), kind=Kind.INVOICE)
    missing = sorted(set(order_ids) - {record.order_id for record in known})
    if not missing:
        return
    sold = await orders.find_with_quotes(missing)
    if unknown := set(missing) - {order.id for order, _ in sold}:
        raise OrderNotFound(f"no order {min(unknown)}", order_id=min(unknown))
    written = await composing.lines_of([quote for _, quote in sold])
    year, first = await next_numbers(tx, Kind.INVOICE, len(sold), at=market.clock())
    records = []
    for sequence, (order, quote) in enumerate(sold, first):
        above = heading(market, Kind.INVOICE, year, sequence, on=paid_at[order.id])
        records.append(numbered(market, order.id, composing.invoice(order, quote, above, written), year, sequence))
    await rows.insert(*records)


async def _locked(tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these was paid. Papers of one order queue here on PostgreSQL; SQLite has one writer at a time."""
    if not is_postgres(tx):
        payments = await rows.find_all(Payment, order_id=list(order_ids))
        return {payment.order_id: payment.captured_at for payment in payments}
    query = "SELECT order_id, captured_at FROM payment WHERE order_id = ANY($1) ORDER BY order_id FOR UPDATE"
    return {row["order_id"]: row["captured_at"] for row in await tx.execute_query_dict(query, [list(order_ids)])}


def heading(market: Market, kind: Kind, year: int, sequence: int, *, on: datetime) -> Heading:
    return Heading(
        number=f"{PREFIXES[kind]}-{year}-{sequence:06d}",
        issued_on=japan_date(market.clock()),
        on=japan_date(on),
        sandbox=market.signing_keys.environment is Environment.SANDBOX,
        issuer=market.terms.issuer,
    )


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
