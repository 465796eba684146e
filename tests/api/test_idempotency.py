"""A key means one request, for ever."""

import asyncio
import secrets
from datetime import timedelta

import pytest

from api.endpoints import fingerprint
from api.idempotency import LEASE
from marketplace.idempotency import service as keyed
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from tests.api.buying import TONNE, a_quote, an_order_of, fresh_key
from tests.builders.market import a_listing, a_wish
from tests.conftest import database_url
from tests.faults.amounts import amount

# what happens at the same moment is the database's to keep apart: all of it on both kinds
__all__ = ["database_url"]


async def quote_body(small, **facts):
    listing = await a_listing(small, **facts)
    return {"listings": [{"listing_id": listing.id, "amount_g": 2 * TONNE}]}


class TestTheSameRequest:
    async def test_is_answered_to_the_byte_and_has_no_second_effect(self, client, small):
        body, key = await quote_body(small), fresh_key()
        first = await client.post("/v1/quotes", json=body, headers=key)
        second = await client.post("/v1/quotes", json=body, headers=key)
        assert (second.status_code, second.content) == (201, first.content)
        assert "idempotent-replayed" not in first.headers
        assert second.headers["idempotent-replayed"] == "true"
        assert await Quote.all().count() == 1

    async def test_is_the_same_however_its_json_is_spelled(self, client, small):
        quote, key = await a_quote(client, small), fresh_key()
        body = an_order_of(quote)
        first = await client.post("/v1/orders", json=body, headers=key)
        second = await client.post("/v1/orders", json=dict(reversed(body.items())), headers=key)
        assert second.content == first.content
        assert second.headers["location"] == first.headers["location"]

    async def test_is_answered_alike_after_a_month(self, client, small):
        body, key = await quote_body(small), fresh_key()
        first = await client.post("/v1/quotes", json=body, headers=key)
        small.clock.advance(timedelta(days=31))
        assert (await client.post("/v1/quotes", json=body, headers=key)).content == first.content

    async def test_keeps_its_refusal(self, client, small):
        body, key = an_order_of({"id": "quo_unknown"}), fresh_key()
        first = await client.post("/v1/orders", json=body, headers=key)
        second = await client.post("/v1/orders", json=body, headers=key)
        assert (first.status_code, first.json()["code"]) == (404, "quote_not_found")
        assert (second.content, second.headers["idempotent-replayed"]) == (first.content, "true")
        assert second.headers["content-type"] == "application/problem+json"

    async def test_may_try_again_after_a_retryable_refusal(self, client, small):
        body, key = await quote_body(small, tonnes=2), fresh_key()
        await client.post("/v1/quotes", json=body, headers=fresh_key())
        refused = await client.post("/v1/quotes", json=body, headers=key)
        assert (refused.json()["code"], refused.json()["retryable"]) == ("not_enough_units", True)
        small.clock.advance(timedelta(hours=1))
        await quotes.expire_stale(small.clock)
        assert (await client.post("/v1/quotes", json=body, headers=key)).status_code == 201


class TestAnotherRequestUnderAKey:
    async def test_is_refused(self, client, small):
        quote, key = await a_quote(client, small), fresh_key()
        first = await client.post("/v1/orders", json=an_order_of(quote), headers=key)
        other = await client.post("/v1/orders", json=an_order_of(quote, locale="en"), headers=key)
        assert (first.status_code, other.status_code) == (201, 422)
        assert other.json()["code"] == "idempotency_key_reused"

    async def test_is_another_one_at_another_address(self, client, small):
        body, key = await quote_body(small), fresh_key()
        await client.post("/v1/orders", json=an_order_of({"id": "quo_unknown"}), headers=key)
        assert (await client.post("/v1/quotes", json=body, headers=key)).status_code == 201


class TestTheKey:
    async def test_is_required_for_an_order(self, client):
        answer = await client.post("/v1/orders", json=an_order_of({"id": "quo_1"}))
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")

    @pytest.mark.parametrize("key", ["", "x" * 201, "with space", "日本語".encode()])
    async def test_is_short_visible_ascii(self, client, key):
        answer = await client.post("/v1/orders", json=an_order_of({"id": "quo_1"}), headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")

    async def test_is_not_spent_on_a_request_that_was_malformed(self, client, small):
        body, key = await quote_body(small), fresh_key()
        assert (await client.post("/v1/quotes", json={"listings": []}, headers=key)).status_code == 422
        assert (await client.post("/v1/quotes", json=body, headers=key)).status_code == 201


class TestAtTheSameMoment:
    async def test_a_hundred_equal_requests_make_one_order(self, client, small):
        """And one with another body among them is refused; for as many keys as F6 asks, of which none is forgotten."""
        given = []
        for _ in range(amount(500, 1)):
            body, key = an_order_of(await a_quote(client, small)), fresh_key()

            async def until_answered(body=body, key=key):
                while True:
                    answer = await client.post("/v1/orders", json=body, headers=key)
                    if answer.status_code != 409:
                        return answer
                    assert answer.json()["code"] == "idempotent_request_in_flight"
                    assert int(answer.headers["retry-after"]) >= 1

            other = client.post("/v1/orders", json=body | {"locale": "en"}, headers=key)
            *answers, refused = await asyncio.gather(*(until_answered() for _ in range(100)), other)
            assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
            assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
            assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
            given.append((body, key, answers[0].content))
            small.clock.advance(timedelta(minutes=10))  # what a caller may send in that time is limited
        assert await Order.all().count() == len(given)
        small.clock.advance(timedelta(days=31))
        for body, key, content in given:
            assert (await client.post("/v1/orders", json=body, headers=key)).content == content
        assert await Order.all().count() == len(given)


class TestAfterACrash:
    @pytest.fixture
    async def killed(self, client, small):
        """A process that is killed after it has placed the order and before it has written its answer down."""
        body, key = an_order_of(await a_quote(client, small)), secrets.token_hex(16)
        asked = fingerprint("POST", "/v1/orders", body)
        await keyed.begin("POST /v1/orders", key, asked, lease=LEASE, now=small.clock())
        placed = await orders.place(small.market, a_wish(await Quote.get(id=body["quote_id"]), external_id=key))
        return body, {"Idempotency-Key": key}, placed

    async def test_the_request_is_in_flight_until_its_lease_ends(self, client, killed):
        body, key, _ = killed
        answer = await client.post("/v1/orders", json=body, headers=key)
        assert (answer.status_code, answer.headers["retry-after"]) == (409, str(int(LEASE.total_seconds())))

    async def test_and_then_finds_the_order_it_placed(self, client, small, killed):
        body, key, placed = killed
        small.clock.advance(LEASE)
        answer = await client.post("/v1/orders", json=body, headers=key)
        assert (answer.status_code, answer.json()["id"], answer.json()["token"]) == (
            201,
            placed.id,
            placed.access_token,
        )
        assert await Order.all().count() == 1
        again = await client.post("/v1/orders", json=body, headers=key)
        assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")

    async def test_another_request_under_the_key_is_refused_all_the_same(self, client, small, killed):
        body, key, _ = killed
        small.clock.advance(LEASE)
        answer = await client.post("/v1/orders", json=body | {"locale": "en"}, headers=key)
        assert answer.status_code == 422

    async def test_a_fault_of_ours_frees_the_key_at_once(self, client, small):
        body, key = an_order_of(await a_quote(client, small)), fresh_key()
        small.market.payments.sessions = None
        assert (await client.post("/v1/orders", json=body, headers=key)).status_code == 500
        small.market.payments.sessions = {}
        answer = await client.post("/v1/orders", json=body, headers=key)
        assert answer.status_code == 201
        assert await Order.all().count() == 1


class TestARequestThatChangesNothing:
    async def test_is_answered_anew_each_time(self, client):
        key = fresh_key()
        first = await client.post("/v1/verifications", json={"number": "TEST"}, headers=key)
        second = await client.post("/v1/verifications", json={"number": "ASHI"}, headers=key)
        assert (first.status_code, second.status_code) == (200, 200)
