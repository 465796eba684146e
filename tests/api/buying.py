"""Requests that buy something, named by what matters to the test."""

import json
import secrets
from typing import Any

import httpx

from marketplace.orders.words import consent_version
from tests.builders.market import SmallMarket, a_listing, an_instruction

TONNE = 1_000_000


def fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(16)}


async def a_quote(client: httpx.AsyncClient, small: SmallMarket, *, tonnes: int = 3, **facts: Any) -> dict[str, Any]:
    listing = await a_listing(small, **facts)
    wish = {"listings": [{"listing_id": listing.id, "amount_g": tonnes * TONNE}]}
    answer = await client.post("/v1/quotes", json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


def an_order_of(quote: dict[str, Any], **changed: Any) -> dict[str, Any]:
    instruction = json.loads(an_instruction().model_dump_json(exclude_none=True))
    return {"quote_id": quote["id"], "instruction": instruction, "consent_version": consent_version()} | changed


async def an_order(client: httpx.AsyncClient, small: SmallMarket, **changed: Any) -> dict[str, Any]:
    """Placed and waiting for its payment."""
    body = an_order_of(await a_quote(client, small), **changed)
    answer = await client.post("/v1/orders", json=body, headers=fresh_key())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def a_certificate(client: httpx.AsyncClient, small: SmallMarket, **instruction: Any) -> dict[str, Any]:
    """The order, paid, cancelled and certified."""
    body = an_order_of(await a_quote(client, small))
    body["instruction"] |= instruction
    order = (await client.post("/v1/orders", json=body, headers=fresh_key())).json()
    await small.deliver(small.payments.pay(order["checkout_url"].rpartition("/")[2]))
    await small.work()
    fulfilled = (await client.get(f"/v1/orders/{order['token']}")).json()
    assert fulfilled["state"] == "fulfilled", fulfilled
    return fulfilled
