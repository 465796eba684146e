"""The service's own purchase behind a pool: placed with the first payment for its grams, cancelled like any order, and then
handed on.

It is paid from the service's own prepaid balance, which is topped up from the account `pool` by as much as is missing. The
certificate of such an order is the pool certificate; with it the orders that waited for it get theirs.
"""

import tomllib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.facts import Drawn
from certificates.pools import find_pools
from certificates.records import CertificateRecord
from certificates.statement import OffsetType
from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.database.dialect import is_postgres
from marketplace.errors import NotEnoughUnits
from marketplace.ids import new_id, new_token
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import move
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.orders.words import consent_to
from marketplace.outbox import service as outbox
from marketplace.payments import prepaid
from marketplace.pools import service as pools
from marketplace.pools.models import Pool, PoolDraw, PoolLine
from marketplace.pools.states import PoolState
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote

OWN_BALANCE = "pool"
"""The prepaid balance of the service itself; organisations' ids have a prefix, so none is called like it."""
TOP_UP = "pool.top_up"


async def prepare(market: Market, tx: BaseDBAsyncClient, order: Order) -> bool:
    """A paid order's grams: draw again what was lost, and begin to open what is only planned.

    Returns whether the order has grams of pools at all. Raises NotEnoughUnits.
    """
    lines = await pools.lines_of(order.quote_id)
    draws = await pools.draws_for(lines)
    lost = [line for line in lines if sum(draw.grams for draw in draws if draw.pool_line_id == line.id) < line.grams]
    for line in lost:
        await PoolDraw.filter(pool_line_id=line.id, handed_on=False).delete()
        await pools.draw(tx, line, market.terms.pools, now=market.clock())
    if lost:
        draws = await pools.draws_for(lines)
    for pool in await rows.find_all(Pool, id=sorted({draw.pool_id for draw in draws}), order_by="id"):
        # what is not planned any more never is again
        if pool.state == PoolState.PLANNED:
            await _begin(market, tx, pool.id)
    return bool(lines)


async def _begin(market: Market, tx: BaseDBAsyncClient, pool_id: str) -> None:
    """Place the service's order for a planned pool, once."""
    # two payments for grams of the same pool queue here
    query = Pool.filter(id=pool_id, state=PoolState.PLANNED)
    pool = await (query.select_for_update() if is_postgres(tx) else query).first()
    if pool is None:
        return
    now = market.clock()
    quote = await quotes.find(pool.quote_id)
    await quotes.use(quote, now=now)
    order = await _own_order(market, quote, now=now)
    missing = order.total_yen - await balance.balance_of(OWN_BALANCE)
    if missing > 0:
        event = f"pool_money:{order.id}"
        await balance.credit(OWN_BALANCE, missing, taken_from=ledger.POOL, event=event, order_id=order.id, at=now)
    await prepaid.pay(tx, order, OWN_BALANCE, at=now)
    await move(order, OrderState.PAID)
    await note(order.id, Happened.PAID, at=now)
    await outbox.add(tx, "order.retire", f"retire:{order.id}", {"order_id": order.id}, at=now)
    await Pool.filter(id=pool.id).update(state=PoolState.OPENING, order_id=order.id)


async def _own_order(market: Market, quote: Quote, *, now: datetime) -> Order:
    words, day = _words(), japan_date(now)
    instruction = Instruction(
        type=OffsetType.OTHER,
        subject=words["subject"],
        period_first=day,
        period_last=day,
        beneficiary=market.terms.pools.credit_user,
        beneficiary_public=True,
        purpose_detail=words["purpose_detail"],
        credit_user=market.terms.pools.credit_user,
        reduction_effort=words["reduction_effort"],
    )
    consent = consent_to(instruction, registries=await quotes.registries_of(quote.id), locale="ja", agreed_at=now)
    order = await Order.create(
        id=new_id("ord", now),
        access_token=new_token(),
        quote_id=quote.id,
        state=OrderState.QUOTED,
        locale="ja",
        total_yen=quote.total_yen,
        instruction=instruction.model_dump_json(),
        consent=consent.model_dump_json(),
        pay_until=now,
        created_at=now,
    )
    await note(order.id, Happened.ORDERED, at=now)
    return order


@cache
def _words() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


async def pool_of_order(order_id: str) -> Pool | None:
    """The pool that this order of the service opens; None for a buyer's order."""
    return await rows.find(Pool, order_id=order_id)


async def drawn_for(order: Order) -> tuple[Drawn, ...] | None:
    """What the order has drawn, from the pools' certificates; None while one of them is not open."""
    draws = await pools.draws_of(order.quote_id)
    by_id = {pool.id: pool for pool in await rows.find_all(Pool, id=[draw.pool_id for draw in draws])}
    if any(pool.certificate_number is None for pool in by_id.values()):
        return None
    grams: dict[str, int] = {}
    for draw in draws:
        number = str(by_id[draw.pool_id].certificate_number)
        grams[number] = grams.get(number, 0) + draw.grams
    return tuple(
        Drawn(record.statement, grams[record.number], record.disclosures) for record in await find_pools(sorted(grams))
    )


async def hand_on(market: Market, tx: BaseDBAsyncClient, order: Order, *, now: datetime) -> None:
    """The order's certificate is issued: its grams are gone for good."""
    draws = await pools.draws_of(order.quote_id)
    for draw in draws:
        await rows.change(PoolDraw, {"pool_line_id": draw.pool_line_id, "pool_id": draw.pool_id}, handed_on=True)
    await top_up_low(market, tx, await rows.find_all(Pool, id=[draw.pool_id for draw in draws]), now=now)


async def top_up_low(market: Market, tx: BaseDBAsyncClient, drawn_on: Sequence[Pool], *, now: datetime) -> None:
    """Pools that run low are followed by new ones."""
    for pool in drawn_on:
        if pool.left_g < market.terms.pools.low_g:
            await _top_up_soon(tx, pool, now=now)


async def opened(
    market: Market, tx: BaseDBAsyncClient, pool: Pool, record: CertificateRecord, *, now: datetime
) -> None:
    """The pool's certificate is issued: the orders that waited for it are certified.

    If less was cancelled than planned, the latest orders beyond it draw again.
    """
    draws = await _drawing_on(pool)
    while sum(draw.grams for draw in draws) > record.grams:
        await _draw_again_soon(tx, draws.pop(), now=now)
    await Pool.filter(id=pool.id).update(state=PoolState.OPEN, certificate_number=record.number, grams=record.grams)
    for order in await _orders_of(draws):
        await outbox.add(tx, "order.certify", f"certify:{order.id}:{pool.id}", {"order_id": order.id}, at=now)
    await _top_up_soon(tx, pool, now=now)


async def failed(tx: BaseDBAsyncClient, pool: Pool, *, now: datetime) -> None:
    """Its units could not be cancelled: whoever drew on it draws again elsewhere, or gets the money back."""
    for draw in await _drawing_on(pool):
        await _draw_again_soon(tx, draw, now=now)
    await Pool.filter(id=pool.id).update(state=PoolState.FAILED)


async def _drawing_on(pool: Pool) -> list[PoolDraw]:
    return await PoolDraw.filter(pool_id=pool.id, handed_on=False).order_by("pool_line_id")


async def _draw_again_soon(tx: BaseDBAsyncClient, draw: PoolDraw, *, now: datetime) -> None:
    await PoolDraw.filter(pool_line_id=draw.pool_line_id, pool_id=draw.pool_id).delete()
    for order in await _orders_of([draw]):
        key = f"draw_again:{order.id}:{draw.pool_id}"
        await outbox.add(tx, "pool.draw_again", key, {"order_id": order.id}, at=now)


async def _orders_of(draws: Sequence[PoolDraw]) -> Sequence[Order]:
    """The paid orders behind these draws; those that are still to be paid draw again when they are."""
    lines = await PoolLine.filter(id__in=[draw.pool_line_id for draw in draws]) if draws else []
    if not lines:
        return []
    return await Order.filter(quote_id__in=[line.quote_id for line in lines], state=OrderState.RETIRING).order_by("id")


async def _top_up_soon(tx: BaseDBAsyncClient, pool: Pool, *, now: datetime) -> None:
    await outbox.add(tx, TOP_UP, f"{TOP_UP}:{pool.id}:{pool.left_g}", {"listing_id": pool.listing_id}, at=now)


async def top_up_once(market: Market, tx: BaseDBAsyncClient, listing_id: str) -> bool:
    """Begin one more pool of a listing, if fewer than the terms say have grams left; False if there are enough."""
    terms = market.terms.pools
    live = [PoolState.PLANNED, PoolState.OPENING, PoolState.OPEN]
    stocked = [pool for pool in await Pool.filter(listing_id=listing_id, state__in=live) if pool.left_g >= terms.low_g]
    listing = await Listing.get(id=listing_id).prefetch_related("holding__block")
    if len(stocked) >= terms.pools or not listing.open or listing.holding.block.registry not in terms.registries:
        return False
    try:
        pool = await pools.plan(tx, listing, terms, now=market.clock())
    except NotEnoughUnits:
        return False
    await _begin(market, tx, pool.id)
    return True
