"""Certify many orders at once that are wholly covered out of pools: the same rows as service.py writes, in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.facts import Drawn
from certificates.pools import find_pools
from certificates.records import CertificateRecord
from marketplace.certification import public_log
from marketplace.certification.facts import PooledOrder, facts_of_pooled, footprints_of
from marketplace.certification.fulfilling import Ready, fulfil
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.participation.models import Participation
from marketplace.pools import opening
from marketplace.pools.models import Pool, PoolDraw, PoolLine
from marketplace.products.models import ProductCover
from marketplace.quotes.models import Quote


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
    tonnes of its own, or whose grams are not all in open pools, gets a job of its own. None of them covers a product.
    """
    now = market.clock()
    found = await _found(order_ids, OrderState.RETIRING)
    drawn = await _drawn([quote.id for _, quote in found])
    ready = [(order, quote) for order, quote in found if drawn.cover(quote)]
    if len(ready) < len(found):
        alone = sorted({order.id for order, _ in found} - {order.id for order, _ in ready})
        await outbox.add_all([NewJob("order.certify", f"certify:{one}", {"order_id": one}) for one in alone], at=now)
    if not ready:
        return []
    records = await _fulfil(market, tx, ready, drawn)
    await public_log.announce(tx, records[0].number, at=now)
    return await rows.find_all(Order, id=[order.id for order, _ in ready], order_by="id")


async def serve_pooled(market: Market, order_ids: Sequence[str]) -> frozenset[str]:
    """Jobs of orders that are paid or on their way: fulfil those that are wholly covered out of open pools, in one transaction.

    Returns the ids of the others, which are retired (orders/fulfilment.py) and certified (service.py) one by one. Whoever calls
    has the new leaves taken into the log.
    """
    pooled = await _wholly_of_pools(order_ids)
    whole = frozenset(order_ids) - frozenset(pooled)
    if not pooled:
        return whole

    async def work(tx: BaseDBAsyncClient) -> frozenset[str]:
        found = await _found(pooled, OrderState.PAID, OrderState.RETIRING)
        drawn = await _drawn([quote.id for _, quote in found])
        covered = [(order, quote) for order, quote in found if drawn.cover(quote)]
        special = await _special(covered)
        ready = [(order, quote) for order, quote in covered if order.id not in special]
        if ready:
            if paid := [order for order, _ in ready if order.state == OrderState.PAID]:
                await orders.move_all(paid, OrderState.RETIRING)
            await _fulfil(market, tx, ready, drawn)
        return frozenset({order.id for order, _ in found} - {order.id for order, _ in ready})

    return whole | await run_tx(work)


async def _found(order_ids: Sequence[str], *states: OrderState) -> list[tuple[Order, Quote]]:
    """Those of the orders that are in one of these states. Whoever else moves one of them waits."""
    found = await orders.find_with_quotes(order_ids, locked=True)
    return [(order, quote) for order, quote in found if order.state in states]


async def _wholly_of_pools(order_ids: Sequence[str]) -> list[str]:
    """Those of these orders that were placed on grams of pools alone; what an order was placed on never changes."""
    found = await orders.find_with_quotes(order_ids)
    return [order.id for order, quote in found if quote.pool_g and not quote.own_tonnes]


async def _special(sold: Sequence[tuple[Order, Quote]]) -> frozenset[str]:
    """The ids of those with which something else happens: an organiser pays a part, or a product is covered."""
    covers = await rows.find_all(ProductCover, quote_id=[quote.id for _, quote in sold])
    covering = {cover.quote_id for cover in covers}
    joined = await rows.find_all(Participation, order_id=[order.id for order, _ in sold])
    return frozenset(
        {str(one.order_id) for one in joined} | {order.id for order, quote in sold if quote.id in covering}
    )


async def _fulfil(
    market: Market, tx: BaseDBAsyncClient, ready: Sequence[tuple[Order, Quote]], drawn: _Drawn
) -> list[CertificateRecord]:
    """Orders that are on their way and locked, by their ids. Grams out of pools are sold by the service itself: no provider is owed
    anything."""
    now = market.clock()
    footprints = await footprints_of([quote for _, quote in ready])
    facts = facts_of_pooled(
        market,
        [PooledOrder(order, footprints[quote.id], drawn.of_quote[quote.id]) for order, quote in ready],
        drawn.parents,
    )
    records = await fulfil(
        market, tx, [Ready(order, quote, one, {}) for (order, quote), one in zip(ready, facts, strict=True)]
    )
    draws = [draw for _, quote in ready for draw in drawn.draws[quote.id]]
    lines = sorted({draw.pool_line_id for draw in draws})
    await rows.change(PoolDraw, {"pool_line_id": lines, "handed_on": False}, handed_on=True)
    drawn_on = {draw.pool_id for draw in draws}
    await opening.top_up_low(market, tx, [pool for pool in drawn.pools if pool.id in drawn_on], now=now)
    return records


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
