"""Buyers and workers who go on until everything is done, whatever their database does to their commits."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from marketplace.jobs import handlers
from marketplace.outbox.worker import Worker
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import TONNE, an_order_of
from tests.builders.market import SmallMarket

BUYERS, WORKERS = 8, 2
TICK_SECONDS, TICK = 0.02, timedelta(seconds=5)
# a lease that only a job whose outcome was lost outlives
LEASE = timedelta(minutes=10)


@asynccontextmanager
async def working(small: SmallMarket) -> AsyncIterator[None]:
    """Workers run, and time passes some hundred times as fast."""
    stop = asyncio.Event()

    async def pass_time() -> None:
        while not stop.is_set():
            small.clock.advance(TICK)
            await asyncio.sleep(TICK_SECONDS)

    workers = [Worker(handlers(small.market), clock=small.clock, lease=LEASE) for _ in range(WORKERS)]
    running = [asyncio.create_task(work) for work in (pass_time(), *(worker.run(stop) for worker in workers))]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*running)


async def buy(small: SmallMarket, listing_id: str, orders: int) -> dict[str, str]:
    """Place and pay so many orders of a tonne; returns what each key was told to be its order."""
    application, told = an_application(small, around=without_limits()), dict[str, str]()
    keys = [secrets.token_hex(16) for _ in range(orders)]

    async def buyer() -> None:
        async with a_client(application) as client:
            while keys:
                key = keys.pop()
                wish = {"listings": [{"listing_id": listing_id, "amount_g": TONNE}]}
                quote = await _insist(client, "/v1/quotes", wish, f"q-{key}")
                order = await _insist(client, "/v1/orders", an_order_of(quote, external_id=key), key)
                told[key] = order["id"]
                await _hear(client, small.payments.pay(await _page(client, order)).body)

    await asyncio.gather(*(buyer() for _ in range(BUYERS)))
    return told


async def _insist(client: httpx.AsyncClient, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    """Ask under the same key until there is an answer; everything else is a calm refusal that says when to come again."""
    while True:
        answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 201:
            made: dict[str, Any] = answer.json()
            return made
        assert answer.status_code in {409, 503}, answer.text
        assert answer.json()["retryable"], answer.text
        await asyncio.sleep(int(answer.headers["retry-after"]) / TICK.total_seconds() * TICK_SECONDS)


async def _page(client: httpx.AsyncClient, order: dict[str, Any]) -> str:
    """The checkout's id; where it could not be opened or noted at once, a worker does it."""
    while not order.get("checkout_url"):
        await asyncio.sleep(TICK_SECONDS)
        answer = await client.get(f"/v1/orders/{order['token']}")
        if answer.status_code == 200:
            order = answer.json()
        else:
            assert answer.status_code == 503, answer.text
    return str(order["checkout_url"]).rpartition("/")[2]


async def _hear(client: httpx.AsyncClient, body: bytes) -> None:
    while (answer := await client.post("/webhooks/stripe", content=body, headers=_SIGNED)).status_code != 204:
        assert answer.status_code == 503, answer.text


_SIGNED = {"stripe-signature": "good"}
