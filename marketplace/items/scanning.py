"""Look an item up by its code, and count that: how often, never who.

A copied label is looked up more often than one label would be. So each look-up adds one to a number per item and day;
nothing about the reader is kept, neither address nor device nor time of day, no cookie is set, and the numbers go after a year.
What counts as often is a guess, so the page explains it and accuses nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from marketplace.clock import japan_date
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.items import codes
from marketplace.items.batches import secret_of
from marketplace.items.errors import ItemCodeUnknown
from marketplace.items.models import BatchState, ItemBatch, ItemScan
from marketplace.market import Market
from marketplace.products.coverage import Coverage, coverage
from marketplace.products.models import Product

MOST_COUNTED = 1_000
OFTEN_A_DAY = 10
OFTEN_A_MONTH = 40
MONTH = timedelta(days=30)
KEPT_FOR = timedelta(days=366)
NAMED = 50


class Frequency(StrEnum):
    """Of one item within the last thirty days."""

    FIRST = "first"
    USUAL = "usual"
    OFTEN = "often"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What stands behind a genuine code. `coverage` is that of the day on which the item was made."""

    product: Product
    batch: ItemBatch
    item: int
    coverage: Coverage
    frequency: Frequency

    @property
    def withdrawn(self) -> bool:
        return self.batch.state == BatchState.WITHDRAWN


async def scan(market: Market, typed: str, *, counted: bool = True) -> Scanned:
    """Raises ItemCodeUnknown, alike for whatever is not ours. `counted` is False where nobody reads the answer."""
    code = codes.read(typed)
    batch = await ItemBatch.get_or_none(tag=code.batch)
    if batch is None or not 0 < code.item <= batch.items or not code.genuine(secret_of(market, batch)):
        raise ItemCodeUnknown("not a code of ours")
    now = market.clock()
    if counted:
        await run_tx(lambda tx: _count(tx, batch, code.item, now))
    product = await Product.get(id=batch.product_id)
    return Scanned(
        product=product,
        batch=batch,
        item=code.item,
        coverage=await coverage(product, batch.made_on),
        frequency=await _frequency(batch, code.item, now),
    )


async def _count(tx: BaseDBAsyncClient, batch: ItemBatch, item: int, now: datetime) -> None:
    await tx.execute_query(
        sql(
            tx,
            "INSERT INTO item_scan (batch_id, item, day, scans) VALUES (?, ?, ?, 1) ON CONFLICT (batch_id, item, day) "
            "DO UPDATE SET scans = item_scan.scans + 1 WHERE item_scan.scans < ?",
        ),
        [batch.id, item, japan_date(now), MOST_COUNTED],
    )


async def _frequency(batch: ItemBatch, item: int, now: datetime) -> Frequency:
    rows = await ItemScan.filter(batch_id=batch.id, item=item, day__gt=japan_date(now - MONTH)).values_list(
        "scans", flat=True
    )
    scans = [int(str(number)) for number in rows]
    if max(scans, default=0) > OFTEN_A_DAY or sum(scans) > OFTEN_A_MONTH:
        return Frequency.OFTEN
    return Frequency.FIRST if sum(scans) <= 1 else Frequency.USUAL


@dataclass(frozen=True, slots=True)
class Readings:
    """For the maker: how many items were looked up within the last thirty days, and which of them often, most often first."""

    items: int
    often: Sequence[tuple[int, int]]


async def readings_of(batch: ItemBatch, *, now: datetime) -> Readings:
    """`often` holds items and their look-ups, fifty at most."""
    connection = get_connection("default")
    since = japan_date(now - MONTH)
    (counted,) = await connection.execute_query_dict(
        sql(connection, "SELECT COUNT(DISTINCT item) AS items FROM item_scan WHERE batch_id = ? AND day > ?"),
        [batch.id, since],
    )
    rows = await connection.execute_query_dict(
        sql(
            connection,
            "SELECT item, SUM(scans) AS scans FROM item_scan WHERE batch_id = ? AND day > ? GROUP BY item "
            "HAVING MAX(scans) > ? OR SUM(scans) > ? ORDER BY SUM(scans) DESC, item LIMIT ?",
        ),
        [batch.id, since, OFTEN_A_DAY, OFTEN_A_MONTH, NAMED],
    )
    return Readings(int(counted["items"]), [(int(row["item"]), int(row["scans"])) for row in rows])


async def forget_old(now: datetime) -> None:
    """Sweep: counts go after a year."""
    oldest = japan_date(now - KEPT_FOR)
    await run_tx(lambda _: ItemScan.filter(day__lt=oldest).delete())
