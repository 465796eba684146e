"""Draw grams for many lines at once, out of pools that are open: one look at each pool, and one statement for all draws."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.pools.models import PoolDraw, PoolLine

_FREE = (
    "SELECT id, grams - drawn_g AS left_g FROM pool WHERE listing_id = ? AND state = 'open' AND drawn_g < grams "
    "AND grams - drawn_g >= ?"
)


async def draw_all(tx: BaseDBAsyncClient, lines: Sequence[PoolLine]) -> frozenset[str]:
    """Inside the caller's transaction: set grams aside for as many of these lines as open pools have; returns the lines' ids.

    A line is drawn whole and from one pool. The others are left for the way that splits a line or opens a pool
    (pools/service.py).
    """
    by_listing: dict[str, list[PoolLine]] = defaultdict(list)
    for line in lines:
        by_listing[line.listing_id].append(line)
    draws: list[PoolDraw] = []
    # in one order everywhere, so that two transactions never wait for each other's pools
    for listing_id, wanted in sorted(by_listing.items()):
        draws += await _of_listing(tx, listing_id, wanted)
    await rows.insert(*draws)
    return frozenset(draw.pool_line_id for draw in draws)


async def _of_listing(tx: BaseDBAsyncClient, listing_id: str, wanted: Sequence[PoolLine]) -> list[PoolDraw]:
    draws: list[PoolDraw] = []
    missing, used = list(wanted), set[str]()
    while missing and (free := await _free_pool(tx, listing_id, min(line.grams for line in missing), used)):
        pool_id, left_g = free
        used.add(pool_id)
        still = []
        for line in missing:
            if line.grams <= left_g:
                left_g -= line.grams
                draws.append(PoolDraw(pool_line_id=line.id, pool_id=pool_id, grams=line.grams, handed_on=False))
            else:
                still.append(line)
        missing = still
    return draws


async def _free_pool(
    tx: BaseDBAsyncClient, listing_id: str, least_g: int, used: Collection[str]
) -> tuple[str, int] | None:
    """An open pool with `least_g` left besides those `used`, and what it has left; locked on PostgreSQL.

    One that nobody is busy with, else the first that becomes free.
    """
    others = f" AND id NOT IN ({', '.join('?' * len(used))})" if used else ""
    query, values = f"{_FREE}{others} ORDER BY id LIMIT 1", [listing_id, least_g, *sorted(used)]
    # SQLite has one writer at a time and needs no such clause
    ways = ("FOR UPDATE SKIP LOCKED", "FOR UPDATE") if is_postgres(tx) else ("",)
    # whoever holds a pool already takes only what is free at once, so that nobody waits in a circle
    for way in ways[: 1 if used else 2]:
        if found := await tx.execute_query_dict(sql(tx, f"{query} {way}"), values):
            return str(found[0]["id"]), int(found[0]["left_g"])
    return None
