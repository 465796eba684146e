"""Invoices of many orders at once whose grams all came out of pools: numbered in one go, and written in one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres
from marketplace.database.rows import Joined
from marketplace.database.transactions import run_tx
from marketplace.invoices import composing
from marketplace.invoices.content import Kind
from marketplace.invoices.models import InvoiceRecord
from marketplace.invoices.service import heading, next_numbers, numbered
from marketplace.listings.listed import listings_with_holdings
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.service import wholly_of_pools
from marketplace.payments.models import Payment
from marketplace.pools.models import PoolLine
from marketplace.quotes.models import Quote

ISSUE = "invoice.issue_all"


async def issue_all(market: Market, orders: list[str]) -> None:
    """Job after a batch of payments: each order's invoice, once. Every one of them is paid and sells nothing but grams of pools."""
    await run_tx(lambda tx: _issue(market, tx, orders))


async def issue_pooled(market: Market, order_ids: Sequence[str]) -> frozenset[str]:
    """As issue_all, for paid orders of any kind. Returns the ids of those that are left out since whole tonnes are among them."""
    pooled = await wholly_of_pools(order_ids)
    if pooled:
        await run_tx(lambda tx: _issue(market, tx, pooled))
    return frozenset(order_ids) - frozenset(pooled)


async def _issue(market: Market, tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> None:
    captured = await _locked(tx, order_ids)
    known = await rows.find_all(InvoiceRecord, order_id=list(order_ids), kind=Kind.INVOICE)
    missing = sorted(captured.keys() - {record.order_id for record in known})
    paid = await rows.find_joined(Order, Joined(Quote, "quote_id"), id=missing, order_by="id")
    if paid:
        await _write(market, tx, [(order, quote) for order, quote in paid], captured)


async def _locked(tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these was paid. Papers of one order queue here on PostgreSQL; SQLite has one writer at a time."""
    if not is_postgres(tx):
        return {
            payment.order_id: payment.captured_at for payment in await rows.find_all(Payment, order_id=list(order_ids))
        }
    query = "SELECT order_id, captured_at FROM payment WHERE order_id = ANY($1) ORDER BY order_id FOR UPDATE"
    return {row["order_id"]: row["captured_at"] for row in await tx.execute_query_dict(query, [list(order_ids)])}


async def _write(
    market: Market, tx: BaseDBAsyncClient, paid: Sequence[tuple[Order, Quote]], captured: Mapping[str, datetime]
) -> None:
    lines: dict[str, list[PoolLine]] = defaultdict(list)
    for line in await rows.find_all(PoolLine, quote_id=[quote.id for _, quote in paid], order_by="id"):
        lines[line.quote_id].append(line)
    listings = await listings_with_holdings([line.listing_id for many in lines.values() for line in many])
    year, first = await next_numbers(tx, Kind.INVOICE, len(paid), at=market.clock())
    records = []
    for sequence, (order, quote) in enumerate(paid, first):
        above = heading(market, Kind.INVOICE, year, sequence, on=captured[order.id])
        content = composing.put_together(order, above, quote, lines[quote.id], listings)
        records.append(numbered(market, order.id, content, year, sequence))
    await rows.insert(*records)
