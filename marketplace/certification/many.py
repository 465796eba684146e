"""Certify many orders at once that are wholly covered out of pools: the same rows as service.py writes, in a few statements."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service as certificates
from certificates import visibility
from certificates.facts import Drawn
from certificates.pools import find_pools
from certificates.records import CertificateRecord
from marketplace.certification import public_log
from marketplace.certification.facts import PooledOrder, facts_of_pooled
from marketplace.certification.publication import NAMING
from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.footprints.models import StoredFootprint
from marketplace.ledger import service as ledger
from marketplace.ledger.sale import shares
from marketplace.ledger.service import Booking
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.pools import opening
from marketplace.pools.models import Pool, PoolDraw, PoolLine
from marketplace.quotes.models import Quote

_FULFIL = """
UPDATE buyer_order SET state = 'fulfilled',
  certificate_number = (SELECT number FROM certificate WHERE order_reference = buyer_order.id)
WHERE state = 'retiring' AND id IN ({})
"""


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What quotes drew: from open pools, by quote; the draws themselves, by quote; the pools; and the open ones' certificates by
    number."""

    of_quote: Mapping[str, tuple[Drawn, ...]]
    draws: Mapping[str, Sequence[PoolDraw]]
    pools: Sequence[Pool]
    parents: Mapping[str, CertificateRecord]

    def cover(self, quote: Quote) -> bool:
        return (
            quote.own_tonnes == 0
            and quote.tops_up is None
            and quote.pool_g == sum(one.grams for one in self.of_quote[quote.id])
        )


async def certify_pooled(market: Market, tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> list[Order]:
    """Inside the caller's transaction: issue the certificates of these orders, book their sales and fulfil them.

    Returns the orders that it fulfilled, as they are now. Orders that are no longer on their way are left out; one with whole
    tonnes of its own, with a buyer to be told, or whose grams are not all in open pools gets a job of its own. None of them covers
    a product.
    """
    now = market.clock()
    orders = await _on_their_way(tx, order_ids)
    quotes = {quote.id: quote for quote in await rows.find_all(Quote, id=[order.quote_id for order in orders])}
    drawn = await _drawn(list(quotes))
    ready = [order for order in orders if order.email is None and drawn.cover(quotes[order.quote_id])]
    if len(ready) < len(orders):
        alone = sorted({order.id for order in orders} - {order.id for order in ready})
        await outbox.add_all([NewJob("order.certify", f"certify:{one}", {"order_id": one}) for one in alone], at=now)
    if not ready:
        return []
    records = await _issue(market, ready, quotes, drawn)
    await public_log.announce(tx, records[0].number, at=now)
    await _sell(ready, quotes, market)
    await tx.execute_query(sql(tx, _FULFIL.format(", ".join("?" * len(ready)))), [order.id for order in ready])
    numbers = {record.order_reference: json.dumps({"number": record.number}) for record in records}
    await rows.insert(
        *(OrderEvent(order_id=order.id, kind=Happened.CERTIFIED, detail=numbers[order.id], at=now) for order in ready)
    )
    lines = sorted({draw.pool_line_id for order in ready for draw in drawn.draws[order.quote_id]})
    await rows.change(PoolDraw, {"pool_line_id": lines, "handed_on": False}, handed_on=True)
    await opening.top_up_low(market, tx, drawn.pools, now=now)
    return await rows.find_all(Order, id=[order.id for order in ready], order_by="id")


async def _on_their_way(tx: BaseDBAsyncClient, order_ids: Sequence[str]) -> list[Order]:
    if is_postgres(tx):
        # SQLite has one writer at a time; on PostgreSQL whoever else certifies one of them waits here
        query = "SELECT id FROM buyer_order WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
        await tx.execute_query_dict(query, [list(order_ids)])
    return await rows.find_all(Order, id=list(order_ids), state=OrderState.RETIRING, order_by="id")


async def _drawn(quote_ids: Sequence[str]) -> _Drawn:
    quote_of = {line.id: line.quote_id for line in await rows.find_all(PoolLine, quote_id=list(quote_ids))}
    draws: dict[str, list[PoolDraw]] = {quote_id: [] for quote_id in quote_ids}
    for draw in await rows.find_all(PoolDraw, pool_line_id=list(quote_of)):
        draws[quote_of[draw.pool_line_id]].append(draw)
    pools = await rows.find_all(Pool, id=sorted({draw.pool_id for many in draws.values() for draw in many}))
    numbers = {pool.id: pool.certificate_number for pool in pools if pool.certificate_number is not None}
    parents = {record.number: record for record in await find_pools(sorted(numbers.values()))}
    of_quote: dict[str, tuple[Drawn, ...]] = {}
    for quote_id, many in draws.items():
        grams: dict[str, int] = {}
        for draw in many:
            if (number := numbers.get(draw.pool_id)) is not None:
                grams[number] = grams.get(number, 0) + draw.grams
        of_quote[quote_id] = tuple(Drawn(parents[number].statement, grams[number]) for number in sorted(grams))
    return _Drawn(of_quote, draws, pools, parents)


async def _issue(
    market: Market, orders: Sequence[Order], quotes: Mapping[str, Quote], drawn: _Drawn
) -> list[CertificateRecord]:
    used = {order.id: quotes[order.quote_id].footprint_id for order in orders}
    wanted = sorted({footprint_id for footprint_id in used.values() if footprint_id is not None})
    footprints = {stored.id: stored for stored in await rows.find_all(StoredFootprint, id=wanted)}
    facts = facts_of_pooled(
        market,
        [PooledOrder(one, footprints.get(used[one.id] or ""), drawn.of_quote[one.quote_id]) for one in orders],
        drawn.parents,
    )
    records = await certificates.issue_all(
        facts, ring=market.signing_keys, issuer_url=market.base_url, now=market.clock()
    )
    for order, record in zip(orders, records, strict=True):
        if not Instruction.model_validate_json(order.instruction).beneficiary_public:
            await visibility.hide(record.number, NAMING, until=None)
    return records


async def _sell(orders: Sequence[Order], quotes: Mapping[str, Quote], market: Market) -> None:
    """Grams out of pools are sold by the service itself, so no seller is owed anything."""
    held = await ledger.balances([ledger.order_account(order.id) for order in orders])
    bookings = []
    for order in orders:
        yen = -held[ledger.order_account(order.id)]
        pooled_yen = json.loads(quotes[order.quote_id].terms)["pool_net_yen"]
        earned = shares(yen, {}, pooled_yen=pooled_yen)
        postings = {ledger.order_account(order.id): yen, **{account: -share for account, share in earned.items()}}
        bookings.append(Booking(f"sale:{order.id}", postings, order.id))
    await ledger.book_all(bookings, at=market.clock())
