"""What strangers and operators' machines look at, and what the payment provider tells us."""

import hashlib

import httpx
import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from certificates.credential import CONTEXT_SHA256
from marketplace.database.connect import tortoise_config
from marketplace.payments.models import PaymentEventRecord
from tests.api.application import a_client, an_application
from tests.api.buying import a_certificate, an_order
from tests.builders.market import a_small_market


class TestForStrangers:
    async def test_the_keys_are_public_and_nothing_else_of_them(self, offline):
        answer = await offline.get("/.well-known/jwks.json")
        assert answer.headers["content-type"] == "application/jwk-set+json"
        assert answer.headers["access-control-allow-origin"] == "*"
        for key in answer.json()["keys"]:
            assert "d" not in key

    async def test_the_context_has_the_hash_that_credentials_name(self, offline):
        answer = await offline.get("/contexts/cancellation-v1.jsonld")
        assert hashlib.sha256(answer.content).hexdigest() == CONTEXT_SHA256
        assert "immutable" in answer.headers["cache-control"]

    async def test_the_status_list_stands_where_credentials_say(self, client, small):
        certificate = (await a_certificate(client, small))["certificate"]
        url = (await client.get(certificate["url"])).json()["urls"]["status_list"]
        answer = await client.get(url)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
        assert answer.text.count(".") == 2

    @pytest.mark.parametrize("number", [0, 7, 2**31, 10**30])
    async def test_there_is_no_other_status_list(self, client, number):
        answer = await client.get(f"/status/{number}")
        assert (answer.status_code, answer.json()["code"]) == (404, "address_unknown")


async def readiness_on(url: str) -> httpx.Response:
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    try:
        async with a_client(an_application(a_small_market())) as client:
            return await client.get("/readyz")
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()


class TestForMachines:
    async def test_a_process_is_alive_without_its_database(self, offline):
        assert (await offline.get("/healthz")).json() == {"status": "ok"}

    async def test_it_is_ready_with_a_migrated_database(self, client):
        assert (await client.get("/readyz")).json() == {"status": "ready"}

    async def test_it_is_not_ready_before_the_migration(self, empty_database_url):
        answer = await readiness_on(empty_database_url)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert int(answer.headers["retry-after"]) > 0

    @pytest.mark.parametrize("url", ["postgresql://nobody:x@127.0.0.1:9/none", "sqlite:///nowhere/at/all.sqlite3"])
    async def test_it_is_not_ready_without_its_database(self, url):
        answer = await readiness_on(url)
        assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


class TestTheWebhook:
    async def test_is_kept_and_answered_at_once(self, client, small):
        order = await an_order(client, small)
        event = small.payments.pay(order["checkout_url"].rpartition("/")[2])
        for _ in range(2):
            answer = await client.post("/webhooks/stripe", content=event.body, headers={"Stripe-Signature": "good"})
            assert answer.status_code == 204
        assert await PaymentEventRecord.all().count() == 1
        await small.work()
        assert (await client.get(order["url"])).json()["state"] == "fulfilled"

    @pytest.mark.parametrize("headers", [{}, {"Stripe-Signature": ""}, {"Stripe-Signature": "t=1,v1=forged"}])
    async def test_is_refused_unsigned(self, client, headers):
        answer = await client.post("/webhooks/stripe", content=b'{"id":"evt_1"}', headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "webhook_signature_refused")
        assert not await PaymentEventRecord.exists()

    async def test_is_refused_when_it_is_too_large(self, client):
        answer = await client.post("/webhooks/stripe", content=b"x" * 600_000, headers={"Stripe-Signature": "good"})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
