"""Invoices of many orders at once whose grams all came out of pools: numbered in one go, and written in one statement."""

from collections import defaultdict
from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.invoices import composing
from marketplace.invoices.content import Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.invoices.service import heading, next_numbers, numbered
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.payments.models import Payment
from marketplace.pools.models import PoolLine
from marketplace.quotes.models import Quote

ISSUE = "invoice.issue_all"


async def issue_all(market: Market, orders: list[str]) -> None:
    """Job after a batch of payments: each order's invoice, once. Every one of them is paid and sells nothing but grams of pools."""
    await run_tx(lambda tx: _issue(market, tx, orders))


async def _issue(market: Market, tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> None:
    if is_postgres(tx):
        # SQLite has one writer at a time; on PostgreSQL papers of one order queue here
        query = "SELECT id FROM payment WHERE order_id = ANY($1) ORDER BY order_id FOR UPDATE"
        await tx.execute_query_dict(query, [list(order_ids)])
    known = await rows.find_all(InvoiceRecord, order_id=list(order_ids), kind=Kind.INVOICE)
    missing = sorted(set(order_ids) - {record.order_id for record in known})
    if not missing:
        return
    now = market.clock()
    payments = await rows.find_all(Payment, order_id=missing)
    captured = {payment.order_id: payment.captured_at for payment in payments}
    orders = await rows.find_all(Order, id=missing, order_by="id")
    quotes = {quote.id: quote for quote in await rows.find_all(Quote, id=[order.quote_id for order in orders])}
    lines: dict[str, list[PoolLine]] = defaultdict(list)
    for line in await rows.find_all(PoolLine, quote_id=list(quotes), order_by="id"):
        lines[line.quote_id].append(line)
    listings = await composing.listings_of([line for many in lines.values() for line in many])
    year, first = await next_numbers(tx, Kind.INVOICE, len(orders), at=now)
    records = []
    for sequence, order in enumerate(orders, first):
        above = heading(market, Kind.INVOICE, year, sequence, on=captured[order.id])
        content = composing.put_together(order, above, quotes[order.quote_id], lines[order.quote_id], listings)
        records.append(numbered(market, order.id, content, year, sequence))
    await rows.insert(*records)
