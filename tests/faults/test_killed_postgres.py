"""PostgreSQL is killed while eight buyers order: what was acknowledged is there, and the service goes on by itself (F8)."""

import asyncio
import os
import secrets
import signal
from datetime import timedelta
from typing import Any

import httpx

from marketplace import invariants
from marketplace.database.migrator import migrate
from marketplace.orders.models import Order
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import TONNE, an_order_of
from tests.builders.market import a_listing, a_small_market
from tests.faults.amounts import amount
from tests.orm import connected

KILLS = amount(20, 2)
ACKNOWLEDGED = amount(1_000, 20)
"""Orders before each kill."""
BUYERS = 8
PATIENCE_SECONDS = 10


class Buyers:
    """They order until the database is gone, and know what they were told."""

    def __init__(self, client: httpx.AsyncClient, listing_id: str) -> None:
        self._client, self._listing_id = client, listing_id
        self.acknowledged: dict[str, str] = {}
        self.unanswered: dict[str, dict[str, Any]] = {}

    async def order_until(self, acknowledged: int) -> None:
        """Returns when so many more were acknowledged; the buyers go on until the database is gone."""
        wanted = len(self.acknowledged) + acknowledged
        self._buyers = [asyncio.create_task(self._buy()) for _ in range(BUYERS)]
        while len(self.acknowledged) < wanted:
            await asyncio.wait(self._buyers, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
            for ended in filter(asyncio.Task.done, self._buyers):
                ended.result()
                raise AssertionError("a buyer met an outage before the database was killed")

    async def all_stopped(self) -> None:
        await asyncio.gather(*self._buyers)

    async def _buy(self) -> None:
        while True:
            wish = {"listings": [{"listing_id": self._listing_id, "amount_g": TONNE}]}
            quote = await self._client.post("/v1/quotes", json=wish)
            if _is_outage(quote):
                return
            key = secrets.token_hex(16)
            body = an_order_of(quote.json(), external_id=key)
            self.unanswered[key] = body
            if not await self.place(key, body):
                return

    async def place(self, key: str, body: dict[str, Any]) -> bool:
        """Whether it was acknowledged."""
        answer = await self._client.post("/v1/orders", json=body, headers={"Idempotency-Key": key})
        if _is_outage(answer):
            return False
        told = answer.json()["id"]
        assert self.acknowledged.setdefault(key, told) == told
        self.unanswered.pop(key, None)
        return True


def _is_outage(answer: httpx.Response) -> bool:
    """Everything but a success is a calm refusal that says when to come again."""
    if answer.status_code == 503:
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        return True
    assert answer.status_code == 201, answer.text
    return False


def _kill(server: Any) -> None:
    """kill -9; its children notice and end by themselves."""
    process = server.get_postmaster_info().process
    os.kill(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_SECONDS)


class TestADatabaseThatIsKilled:
    async def test_loses_nothing_that_was_acknowledged(self, postgres):
        async with connected(postgres.get_uri()):
            await migrate()
            small = a_small_market()
            listing = await a_listing(small, tonnes=1_000_000)
            async with a_client(an_application(small, around=without_limits())) as client:
                buyers = Buyers(client, listing.id)
                for _ in range(KILLS):
                    await buyers.order_until(ACKNOWLEDGED)
                    await asyncio.to_thread(_kill, postgres)
                    await buyers.all_stopped()
                    await asyncio.to_thread(postgres.ensure_postgres_running)
                    # whoever was working on an unanswered request is taken for dead
                    small.clock.advance(timedelta(minutes=2))
                    for key, body in dict(buyers.unanswered).items():
                        assert await buyers.place(key, body)
            kept = dict(await Order.all().values_list("external_id", "id"))
            assert kept == buyers.acknowledged
            assert await invariants.violations() == []
