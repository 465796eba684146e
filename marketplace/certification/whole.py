"""Certify many orders at once whose whole tonnes are all cancelled as sold: the same rows as service.py writes, in a few
statements."""

from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.certification.cancelled import cancelled_of
from marketplace.certification.facts import facts_of_cancelled, footprints_of
from marketplace.certification.fulfilling import Ready, fulfil
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.pools.models import Pool
from marketplace.products.models import ProductCover
from marketplace.quotes.models import Quote


async def certify_whole(market: Market, order_ids: Sequence[str]) -> frozenset[str]:
    """Jobs of orders of which a registry has decided something: certify and fulfil those that are plain and all cancelled.

    Returns the ids of the others, for `service.certify`: where something is undecided, missing or certified in part, and
    orders that a pool, the cover of a product or an earlier order hangs on.
    """
    if not order_ids:
        return frozenset()

    async def work(tx: BaseDBAsyncClient) -> frozenset[str]:
        found = await orders.find_with_quotes(order_ids, locked=True)
        on_their_way = [(order, quote) for order, quote in found if order.state == OrderState.RETIRING]
        ready = await _ready(market, [(order, quote) for order, quote in on_their_way if _plain(quote)])
        if ready:
            await fulfil(market, tx, ready)
        ended = {order.id for order, _ in found} - {order.id for order, _ in on_their_way}
        return frozenset(order_ids) - ended - {one.order.id for one in ready}

    return await run_tx(work)


def _plain(quote: Quote) -> bool:
    return not quote.pool_g and quote.tops_up is None


async def _ready(market: Market, sold: Sequence[tuple[Order, Quote]]) -> list[Ready]:
    pools = {pool.order_id for pool in await rows.find_all(Pool, order_id=[order.id for order, _ in sold])}
    covers = await rows.find_all(ProductCover, quote_id=[quote.id for _, quote in sold])
    covering = {cover.quote_id for cover in covers}
    cancelled = await cancelled_of(sold)
    footprints = await footprints_of([quote for _, quote in sold])
    ready = []
    for order, quote in sold:
        own = cancelled[order.id]
        if order.id in pools or quote.id in covering or own.parts or own.under_way or own.tonnes != quote.own_tonnes:
            continue
        facts = facts_of_cancelled(
            market,
            order,
            reference=order.id,
            confirmed=own.fresh,
            intervals=own.intervals,
            footprint=footprints[quote.id],
        )
        ready.append(Ready(order, quote, facts, own.net_by_provider))
    return ready
