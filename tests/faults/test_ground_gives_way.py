"""The disk is full, the database takes no more connections, its name cannot be found: a calm 503, no half order, and on afterwards (F18).

A full disk is SQLite's own limit of pages, connections are refused by PostgreSQL itself, and the name is one that no server knows.
"""

import secrets
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tortoise.connection import get_connection

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
