"""What workers do for pools: keep them stocked, drop what nobody wanted, and follow up on what failed or lasts too long."""

from datetime import datetime
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits
from marketplace.market import Market
from marketplace.orders.fulfilment import owe_refund
from marketplace.orders.models import Order
from marketplace.orders.service import find, queue_for
from marketplace.orders.states import OrderState
from marketplace.outbox import service as outbox
from marketplace.payments.models import Payment
from marketplace.pools import opening
from marketplace.pools import service as pools
from marketplace.pools.models import Pool, PoolDraw, PoolLine
from marketplace.pools.states import PoolState
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

_OVER = (OrderState.REFUND_DUE, OrderState.REFUNDED)


class PoolPartMissing(Exception):
    """A part of an order is cancelled and its grams from a pool cannot be had: a person must find units."""

    code = "pool_part_missing"


async def top_up(market: Market, listing_id: str) -> None:
    """Job: begin pools until the listing has as many as the terms say. Safe to repeat."""
    while await run_tx(lambda tx: opening.top_up_once(market, tx, listing_id)):
        continue


async def draw_again(market: Market, order_id: str) -> None:
    """Job: a paid order has lost its grams; draw others, or give the money back. Safe to repeat.

    Raises PoolPartMissing.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        await queue_for(tx, order_id)
        order = await find(order_id)
        if order.state != OrderState.RETIRING:
            return
        try:
            await opening.prepare(market, tx, order)
        except NotEnoughUnits:
            await _give_up(tx, market, order, "no_units_left")
            return
        await _certify_soon(tx, order, market.clock())

    await run_tx(work)


async def look_after(market: Market) -> None:
    """Sweep: pools that nobody wanted are dropped, those that failed are left, and nobody waits longer than was said."""
    now, terms = market.clock(), market.terms.pools
    unwanted = Pool.filter(state=PoolState.PLANNED, drawn_g=0, created_at__lte=now - market.terms.quote_lasts)
    for pool in await unwanted.limit(100):
        await run_tx(partial(pools.drop_unwanted, pool_id=pool.id))
    for pool in await Pool.filter(state=PoolState.OPENING).order_by("created_at").limit(100):
        order = await find(str(pool.order_id))
        if order.state in _OVER:
            await run_tx(partial(opening.failed, pool=pool, now=now))
        elif pool.created_at <= now - terms.longest_wait:
            await _end_long_waits(market, pool)
    await run_tx(partial(_wake_forgotten, now=now))


async def _wake_forgotten(tx: BaseDBAsyncClient, now: datetime) -> None:
    """A pool that opens and an order that joins it at the same moment may not see each other."""
    rows = await tx.execute_query_dict(
        "SELECT DISTINCT l.quote_id FROM pool_draw d JOIN pool p ON p.id = d.pool_id JOIN pool_line l ON l.id = d.pool_line_id "
        "JOIN buyer_order o ON o.quote_id = l.quote_id WHERE NOT d.handed_on AND p.state = 'open' AND o.state = 'retiring' "
        "LIMIT 100"
    )
    for order in await Order.filter(quote_id__in=[row["quote_id"] for row in rows]) if rows else ():
        if await opening.drawn_for(order) is not None:
            await _certify_soon(tx, order, now)


async def _certify_soon(tx: BaseDBAsyncClient, order: Order, now: datetime) -> None:
    """Once for the pools that the order draws on now: an earlier look may have come too early."""
    ready = "_".join(sorted(draw.pool_id for draw in await pools.draws_of(order.quote_id)))
    await outbox.add(tx, "order.certify", f"certify:{order.id}:all:{ready}", {"order_id": order.id}, at=now)


async def _end_long_waits(market: Market, pool: Pool) -> None:
    draws = await PoolDraw.filter(pool_id=pool.id, handed_on=False)
    lines = await PoolLine.filter(id__in=[draw.pool_line_id for draw in draws]) if draws else []
    since = market.clock() - market.terms.pools.longest_wait
    waiting = (
        await Order.filter(quote_id__in=[line.quote_id for line in lines], state=OrderState.RETIRING) if lines else []
    )
    for order in waiting:
        if await Payment.exists(order_id=order.id, captured_at__lte=since) and await _nothing_cancelled(order):
            await run_tx(partial(_give_up, market=market, order=order, reason="pool_not_opened"))


async def _give_up(tx: BaseDBAsyncClient, market: Market, order: Order, reason: str) -> None:
    if (await find(order.id)).state != OrderState.RETIRING:
        return
    if not await _nothing_cancelled(order):
        raise PoolPartMissing(f"order {order.id} is cancelled in part and its grams from pools are missing")
    await owe_refund(market, tx, order, reason)


async def _nothing_cancelled(order: Order) -> bool:
    return not await Retirement.filter(order_id=order.id).exclude(state=RetirementState.REJECTED).exists()
