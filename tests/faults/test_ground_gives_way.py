"""The disk is full, connections have run out, the database cannot be found: a calm 503, no half order, and on afterwards (F18).

A full disk is SQLite's own limit of pages. Below PostgreSQL it is the system's limit for the files of its processes: its writes fail
in the kernel, those into tables and those into the write-ahead log. Connections are refused by PostgreSQL itself, or all held by statements that do
not end, and the name is one that no server knows.
"""

import asyncio
import secrets
import subprocess
import time
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tortoise.connection import get_connection

from marketplace import invariants
from marketplace.database.migrator import migrate
from marketplace.database.postgres_asyncpg import LONGEST_WAIT, PatientPool
from marketplace.orders.models import Order
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import TONNE, an_order_of
from tests.builders.market import a_listing, a_small_market
from tests.conftest import a_database
from tests.faults.amounts import amount
from tests.orm import connected

TIMES = amount(20, 2)
NO_LIMIT_OF_PAGES = 2**30
MOST_ORDERS = 200
"""More than fit into the free places of the pages that a database has."""
# whoever was at work when the ground gave way is taken for dead
AFTER_A_LEASE = timedelta(minutes=2)
CONNECTIONS = 10
"""As many as the pool has."""
PATIENCE_SECONDS = 10
LARGER_THAN_A_TABLE = 4_000_000
"""Of an empty market, in bytes."""


def is_an_outage(answer) -> bool:
    if answer.status_code != 503:
        return False
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["retryable"]
    return True


class Buyer:
    """Orders one tonne after the other, each under its own key."""

    def __init__(self, client, listing) -> None:
        self.client, self.listing = client, listing
        self.served: dict[str, str] = {}

    async def quote(self):
        wish = {"listings": [{"listing_id": self.listing.id, "amount_g": TONNE}]}
        return await self.client.post("/v1/quotes", json=wish)

    async def order(self, key: str, body) -> bool:
        """Whether it was acknowledged; everything else is an outage."""
        answer = await self.client.post("/v1/orders", json=body, headers={"Idempotency-Key": key})
        if is_an_outage(answer):
            return False
        assert answer.status_code == 201, answer.text
        self.served[key] = answer.json()["id"]
        return True

    async def a_body(self, key: str):
        quote = await self.quote()
        assert quote.status_code == 201, quote.text
        return an_order_of(quote.json(), external_id=key)


@pytest.fixture
async def buyer(small):
    listing = await a_listing(small, tonnes=10_000)
    async with a_client(an_application(small, around=without_limits())) as client:
        yield Buyer(client, listing)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAFullDisk:
    async def test_refuses_calmly_and_goes_on_when_there_is_room(self, small, buyer):
        database = get_connection("default")
        for _ in range(TIMES):
            waiting = {key: await buyer.a_body(key) for key in (secrets.token_hex(8) for _ in range(MOST_ORDERS // 20))}
            ((pages,),) = [tuple(row.values()) for row in await database.execute_query_dict("PRAGMA page_count")]
            await database.execute_script(f"PRAGMA max_page_count = {pages}")
            refused = {key: body for key, body in waiting.items() if not await buyer.order(key, body)}
            assert refused
            assert dict(await Order.all().values_list("external_id", "id")) == buyer.served
            await database.execute_script(f"PRAGMA max_page_count = {NO_LIMIT_OF_PAGES}")
            small.clock.advance(AFTER_A_LEASE)
            for key, body in refused.items():
                assert await buyer.order(key, body)
        assert dict(await Order.all().values_list("external_id", "id")) == buyer.served


class TestADatabaseThatTakesNoMoreConnections:
    @pytest.fixture
    async def own_url(self, request, tmp_path):
        async with a_database("postgres", request, tmp_path) as url:
            yield url

    @pytest.fixture
    async def role(self, superuser):
        """One for whom limits hold, and who may do everything in this database."""
        role = f"app_{secrets.token_hex(4)}"
        await superuser.execute(f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        yield role
        await superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

    @pytest.fixture
    async def superuser(self, own_url):
        connection = await asyncpg.connect(own_url)
        yield connection
        await connection.close()

    @pytest.fixture
    def database_url(self, own_url, role):
        url = urlsplit(own_url)
        return urlunsplit(url._replace(netloc=f"{role}:@{url.netloc.rpartition('@')[2]}"))

    async def test_refuses_calmly_and_goes_on_when_it_takes_them(self, small, buyer, superuser, role):
        for _ in range(TIMES):
            key = secrets.token_hex(8)
            body = await buyer.a_body(key)
            await superuser.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
            await superuser.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
            assert not await buyer.order(key, body)
            assert not await buyer.order(key, body)
            await superuser.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
            small.clock.advance(AFTER_A_LEASE)
            assert await buyer.order(key, body)
        assert dict(await Order.all().values_list("external_id", "id")) == buyer.served


class TestADatabaseWhoseNameNobodyKnows:
    async def test_is_an_outage(self):
        async with (
            connected("postgresql://app@database.invalid/ashiato"),
            a_client(an_application(a_small_market(), around=without_limits())) as client,
        ):
            for _ in range(TIMES):
                assert is_an_outage(await client.get("/v1/orders/unknown"))


class TestAPoolWhoseConnectionsAreAllHeld:
    """Ten statements wait for a lock that somebody else holds, and every request for one of the ten connections."""

    @pytest.fixture
    async def somebody_else(self, database_url):
        connection = await asyncpg.connect(database_url)
        yield connection
        await connection.close()

    @pytest.fixture
    def pool(self, small):
        pool = get_connection("default")._pool
        assert (type(pool), pool.longest_wait, pool.get_max_size()) == (PatientPool, LONGEST_WAIT, CONNECTIONS)
        assert timedelta(seconds=10) >= LONGEST_WAIT
        pool.longest_wait = timedelta(seconds=0.3)
        return pool

    @asynccontextmanager
    async def all_held(self, pool, somebody_else):
        async def wait_for_the_lock():
            # whoever holds one is more patient than those who ask for one
            async with pool.acquire(timeout=PATIENCE_SECONDS) as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock(18)")

        await somebody_else.execute("SELECT pg_advisory_lock(18)")
        holders = [asyncio.create_task(wait_for_the_lock()) for _ in range(CONNECTIONS)]
        waiting = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
        )
        asked = time.monotonic()
        while await somebody_else.fetchval(waiting) < CONNECTIONS:
            assert time.monotonic() - asked < PATIENCE_SECONDS
            await asyncio.sleep(0.01)
        yield
        await somebody_else.execute("SELECT pg_advisory_unlock(18)")
        await asyncio.gather(*holders)

    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
    async def test_refuses_calmly_within_its_time_and_goes_on_by_itself(self, small, buyer, pool, somebody_else):
        for _ in range(TIMES):
            waiting = {key: await buyer.a_body(key) for key in (secrets.token_hex(8) for _ in range(3))}
            async with self.all_held(pool, somebody_else):
                asked = time.monotonic()
                served = await asyncio.gather(*(buyer.order(key, body) for key, body in waiting.items()))
                assert not any(served)
                assert time.monotonic() - asked < PATIENCE_SECONDS
                kept = await somebody_else.fetchval("SELECT count(*) FROM buyer_order")
                assert kept == len(buyer.served)
            for key, body in waiting.items():
                assert await buyer.order(key, body)

    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
    async def test_leaves_no_half_order_where_it_stops_one_on_its_way(self, small, buyer, pool, somebody_else):
        stopped = 0
        for number in range(TIMES):
            waiting = {key: await buyer.a_body(key) for key in (secrets.token_hex(8) for _ in range(3))}
            placing = [asyncio.create_task(buyer.order(key, body)) for key, body in waiting.items()]
            # each is somewhere in its transactions when the connections run out, in the first round at its very beginning
            await asyncio.sleep(0.005 * number)
            async with self.all_held(pool, somebody_else):
                stopped += (await asyncio.gather(*placing)).count(False)
            small.clock.advance(AFTER_A_LEASE)
            for key, body in waiting.items():
                assert await buyer.order(key, body)
        assert stopped
        assert dict(await Order.all().values_list("external_id", "id")) == buyer.served


class LimitedFiles:
    """A server whose processes may write no file beyond a size, as if there were no more room. PostgreSQL ignores the signal, so that
    the write fails. On Linux."""

    def __init__(self, server) -> None:
        self._server = server

    def _limit(self, pid: int, size: int | str) -> None:
        command = ["prlimit", "--pid", str(pid), f"--fsize={size}:"]
        subprocess.run(command, user=self._server.system_user, check=True)

    async def every_backend(self, size: int | str) -> None:
        """Those that the application is connected to now."""
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
        for row in await get_connection("default").execute_query_dict(query):
            await asyncio.to_thread(self._limit, row["pid"], size)

    def refused_writes(self, words: str) -> int:
        return self._server.log.read_text().count(words)


class TestAFullDiskBelowPostgres:
    @pytest.fixture
    async def buyer(self, postgres):
        async with connected(postgres.get_uri()):
            await migrate()
            self.small = a_small_market()
            listing = await a_listing(self.small, tonnes=10_000)
            async with a_client(an_application(self.small, around=without_limits())) as client:
                yield Buyer(client, listing)
            assert await invariants.violations() == []

    async def all_served_in_the_end(self, buyer, refused) -> None:
        self.small.clock.advance(AFTER_A_LEASE)
        for key, body in refused.items():
            asked = time.monotonic()
            while not await buyer.order(key, body):
                assert time.monotonic() - asked < PATIENCE_SECONDS
                await asyncio.sleep(0.05)
        assert dict(await Order.all().values_list("external_id", "id")) == buyer.served

    async def test_refuses_calmly_while_a_table_cannot_grow(self, postgres, buyer):
        files, database = LimitedFiles(postgres), get_connection("default")
        # larger than a file of the write-ahead log, which has to go on; a page takes few jobs, so that each round needs new ones
        await database.execute_script(
            "ALTER TABLE job SET (fillfactor = 10); "
            "INSERT INTO job (id, kind, key, payload, run_at, attempts, done_at) SELECT 'job_' || n, 'x', 'x' || n, "
            "repeat('x', 1000), now(), 1, now() FROM generate_series(1, 2200) n"
        )
        for _ in range(TIMES):
            waiting = {key: await buyer.a_body(key) for key in (secrets.token_hex(8) for _ in range(MOST_ORDERS // 20))}
            (job_table,) = await database.execute_query_dict("SELECT pg_relation_size('job') AS bytes")
            assert job_table["bytes"] > 2**24
            await files.every_backend(job_table["bytes"])
            refused = {key: body for key, body in waiting.items() if not await buyer.order(key, body)}
            assert refused
            assert dict(await Order.all().values_list("external_id", "id")) == buyer.served
            await files.every_backend("unlimited")
            await self.all_served_in_the_end(buyer, refused)
        assert files.refused_writes("could not extend file") >= TIMES

    async def written_of_the_log(self) -> int:
        """How many bytes of the write-ahead log's present file, which are more than any table has."""
        database = get_connection("default")
        position = "SELECT (pg_walfile_name_offset(pg_current_wal_lsn())).file_offset AS bytes"
        ((written),) = await database.execute_query_dict(position)
        if written["bytes"] < LARGER_THAN_A_TABLE:
            await database.execute_query_dict(
                "SELECT pg_logical_emit_message(false, '', repeat('x', $1), true)", [LARGER_THAN_A_TABLE]
            )
            ((written),) = await database.execute_query_dict(position)
        return int(written["bytes"])

    async def test_refuses_calmly_while_the_write_ahead_log_cannot_be_written(self, postgres, buyer):
        """The server stops itself and comes back: what it could not write to this log never happened."""
        files = LimitedFiles(postgres)
        for _ in range(TIMES):
            key = secrets.token_hex(8)
            body = await buyer.a_body(key)
            await files.every_backend(await self.written_of_the_log())
            assert not await buyer.order(key, body)
            # its processes are new now, and there is room again
            await self.all_served_in_the_end(buyer, {key: body})
        assert files.refused_writes("could not write to log file") >= TIMES
