"""Draw grams from pools for a quote's lines, and give them back. Every function runs inside the caller's transaction.

Grams come from open pools where these have enough, else from one that is not open yet, else a new pool is planned, which
sets whole units of the listing aside. Several pools of a listing are open at a time, and a buyer takes one that nobody is
busy with, so that a hot page does not queue on one row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.errors import NotEnoughUnits, PoolNotOffered
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.listings.models import Listing
from marketplace.pools.models import Pool, PoolDraw, PoolLine
from marketplace.pools.states import PoolState
from marketplace.pools.terms import PoolTerms
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote, QuoteLine
from marketplace.quotes.states import QuoteState
from marketplace.quotes.writing import PricedLine, write

# A planned pool is dropped when nobody draws on it, not at a moment known beforehand.
HELD_FOR = timedelta(days=3650)
_READY_FIRST = {PoolState.OPEN: 0, PoolState.OPENING: 1, PoolState.PLANNED: 2}


def refuse_unless_offered(listing: Listing, terms: PoolTerms) -> None:
    """Raises PoolNotOffered. `listing` comes with its holding and block."""
    registry = listing.holding.block.registry
    if registry not in terms.registries:
        raise PoolNotOffered(f"no pools in {registry}", listing_id=listing.id, registry=registry)


async def lines_of(quote_id: str) -> list[PoolLine]:
    return await rows.find_all(PoolLine, quote_id=quote_id, order_by="id")


async def draw(tx: BaseDBAsyncClient, line: PoolLine, terms: PoolTerms, *, now: datetime) -> None:
    """Set the line's grams aside, all or nothing. Raises NotEnoughUnits."""
    if await _taken_from_one(tx, line):
        return
    pools = await _all_pools(tx, line.listing_id)
    if taken := _shared_out(pools, line.grams):
        await _take(line, taken)
        return
    try:
        planned = await plan(tx, await Listing.get(id=line.listing_id), terms, now=now)
    except NotEnoughUnits:
        # somebody else may have planned the last pool while we waited for the units
        taken = _shared_out(await _all_pools(tx, line.listing_id), line.grams, last_resort=True)
        if not taken:
            raise
        await _take(line, taken)
        return
    await _take(line, [(planned.id, line.grams)])


async def draws_of(quote_id: str) -> list[PoolDraw]:
    return await draws_for(await lines_of(quote_id))


async def draws_for(lines: Sequence[PoolLine]) -> list[PoolDraw]:
    draws = await rows.find_all(PoolDraw, pool_line_id=[line.id for line in lines])
    return sorted(draws, key=lambda draw: (draw.pool_line_id, draw.pool_id))


async def is_ready(quote_id: str) -> bool:
    """Whether all that the quote has drawn is cancelled already, so that it can be handed on at once."""
    pools = [draw.pool_id for draw in await draws_of(quote_id)]
    return not await Pool.filter(id__in=pools).exclude(state=PoolState.OPEN).exists()


async def give_back(quote_id: str) -> None:
    """Grams that were set aside return to their pools; what was handed on stays."""
    lines = [line.id for line in await lines_of(quote_id)]
    if lines:
        await PoolDraw.filter(pool_line_id__in=lines, handed_on=False).delete()


async def plan(tx: BaseDBAsyncClient, listing: Listing, terms: PoolTerms, *, now: datetime) -> Pool:
    """Set whole units aside for a pool of the service. Raises NotEnoughUnits."""
    tonnes = max(terms.pool_tonnes, listing.minimum_tonnes)
    await listing.fetch_related("holding__account")
    quote = await write(
        [PricedLine(listing, tonnes, 0)],
        footprint_id=None,
        fee_basis_points=0,
        expires_at=now + HELD_FOR,
        now=now,
    )
    line = await QuoteLine.create(
        id=new_id("qln", now),
        quote_id=quote.id,
        listing_id=listing.id,
        tonnes=tonnes,
        yen_per_tonne=listing.yen_per_tonne,
    )
    await inventory.reserve(tx, listing.holding_id, tonnes, quote_line_id=line.id, until=quote.expires_at, now=now)
    return await Pool.create(
        id=new_id("pool", now),
        listing_id=listing.id,
        quote_id=quote.id,
        state=PoolState.PLANNED,
        grams=tonnes * GRAMS_PER_TONNE,
        created_at=now,
    )


async def drop_unwanted(tx: BaseDBAsyncClient, pool_id: str) -> None:
    """Give a planned pool's units back, unless somebody has drawn on it meanwhile."""
    dropped = await Pool.filter(id=pool_id, state=PoolState.PLANNED, drawn_g=0).update(state=PoolState.DROPPED)
    if dropped:
        pool = await Pool.get(id=pool_id)
        await Quote.filter(id=pool.quote_id, state=QuoteState.OPEN).update(state=QuoteState.EXPIRED)
        await inventory.release(tx, [line.id for line in await QuoteLine.filter(quote_id=pool.quote_id)])


_TAKE_FROM_ONE = (
    "INSERT INTO pool_draw (pool_line_id, pool_id, grams, handed_on) SELECT ?, id, CAST(? AS BIGINT), FALSE FROM pool "
    "WHERE listing_id = ? AND state = 'open' AND drawn_g < grams AND grams - drawn_g >= ? LIMIT 1"
)


async def _taken_from_one(tx: BaseDBAsyncClient, line: PoolLine) -> bool:
    """Whether there was an open pool with enough left that no other transaction holds; on PostgreSQL it is locked now."""
    # SQLite has one writer at a time and needs no such clause
    free = _TAKE_FROM_ONE + (" FOR UPDATE SKIP LOCKED" if is_postgres(tx) else "")
    values = [line.id, line.grams, line.listing_id, line.grams]
    return bool(await tx.execute_query_dict(sql(tx, f"{free} RETURNING pool_id"), values))


async def _all_pools(tx: BaseDBAsyncClient, listing_id: str) -> Sequence[Pool]:
    """Every pool of a listing with grams left, those that are ready first; locked on PostgreSQL, in one order."""
    query = Pool.filter(listing_id=listing_id, drawn_g__lt=F("grams"), state__in=list(_READY_FIRST)).order_by("id")
    pools = await (query.select_for_update() if is_postgres(tx) else query)
    return sorted(pools, key=lambda pool: _READY_FIRST[PoolState(pool.state)])


def _shared_out(pools: Sequence[Pool], grams: int, *, last_resort: bool = False) -> list[tuple[str, int]]:
    """Which pools give how much: one that has it all, or several open ones; as a last resort several of any state."""
    if enough := [pool for pool in pools if pool.left_g >= grams]:
        return [(enough[0].id, grams)]
    taken, missing = [], grams
    for pool in pools:
        if missing and (last_resort or pool.state == PoolState.OPEN):
            part = min(missing, pool.left_g)
            taken.append((pool.id, part))
            missing -= part
    return [] if missing else taken


async def _take(line: PoolLine, taken: Sequence[tuple[str, int]]) -> None:
    for pool_id, grams in sorted(taken):
        await rows.insert(PoolDraw(pool_line_id=line.id, pool_id=pool_id, grams=grams))
