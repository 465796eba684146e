"""An organisation finds its order by id, by its own number and by its Idempotency-Key; nobody else finds it by any of them."""

from dataclasses import replace

import pytest

from marketplace.accounts import keys
from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from tests.api.application import a_client, an_application
from tests.api.buying import a_quote, an_order_of, fresh_key
from tests.api.test_keys import bearer
from tests.signed_in import an_actor


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


@pytest.fixture
async def mine(small, owner):
    return await bearer(small, owner)


@pytest.fixture
async def theirs(small):
    return await bearer(small, await an_actor(small, Role.OWNER, email="stranger@ashiato.example"))


async def placed(client, small, headers, key, **changed):
    body = an_order_of(await a_quote(client, small), **changed)
    answer = await client.post("/v1/orders", json=body, headers=headers | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def found(client, headers, **query):
    answer = await client.get("/v1/orders", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()["data"]]


class TestTheId:
    async def test_opens_the_order_for_a_key_of_its_owner_alone(self, client, small, mine, theirs):
        order = await placed(client, small, mine, fresh_key())
        for path in ("", "/papers"):
            address = f"/v1/orders/{order['id']}{path}"
            answers = [await client.get(address, headers=headers) for headers in (mine, theirs, {})]
            assert [answer.status_code for answer in answers] == [200, 404, 404]
            assert {answer.json()["code"] for answer in answers[1:]} == {"order_not_found"}

    async def test_of_a_guests_order_opens_nothing(self, client, small, mine):
        order = await placed(client, small, {}, fresh_key())
        assert (await client.get(f"/v1/orders/{order['id']}", headers=mine)).status_code == 404

    async def test_needs_a_key_for_reading_and_for_cancelling_one_for_writing(self, client, small, owner, mine):
        order = await placed(client, small, mine, fresh_key())
        reads, writes = [await bearer(small, owner, scope) for scope in (Scope.ORDERS_READ, Scope.ORDERS_WRITE)]
        address = f"/v1/orders/{order['id']}"
        assert (await client.get(address, headers=writes)).json()["params"] == {"scope": "orders:read"}
        assert (await client.post(f"{address}/cancel", json={}, headers=reads)).json()["params"] == {
            "scope": "orders:write"
        }
        assert (await client.get(address, headers=reads)).json()["id"] == order["id"]
        assert (await client.post(f"{address}/cancel", json={}, headers=writes)).json()["state"] == "expired"


class TestTheIdempotencyKey:
    async def test_finds_the_order_with_or_without_a_number_of_its_own(self, client, small, mine, theirs):
        sent = [fresh_key(), fresh_key()]
        plain = await placed(client, small, mine, sent[0])
        numbered = await placed(client, small, mine, sent[1], external_id="PO-1")
        for order, key in ((plain, sent[0]), (numbered, sent[1])):
            (text,) = key.values()
            assert await found(client, mine, idempotency_key=text) == [order["id"]]
            assert await found(client, theirs, idempotency_key=text) == []

    async def test_and_a_number_have_to_be_the_same_orders(self, client, small, mine):
        sent = [fresh_key(), fresh_key()]
        first = await placed(client, small, mine, sent[0], external_id="PO-1")
        await placed(client, small, mine, sent[1], external_id="PO-2")
        texts = [text for key in sent for text in key.values()]
        assert await found(client, mine, idempotency_key=texts[0], external_id="PO-1") == [first["id"]]
        assert await found(client, mine, idempotency_key=texts[1], external_id="PO-1") == []
        assert await found(client, mine, idempotency_key="never-used") == []


class TestWhatASandboxIsAskedToDo:
    async def test_is_refused_by_name_on_the_live_service(self, small, owner):
        application = an_application(small)
        application.services = replace(application.services, environment="live")
        _, secret = await keys.create(
            owner, "shop", list(Scope), environment="live", expires_at=None, clock=small.clock
        )
        headers = fresh_key() | {"Authorization": f"Bearer {secret}"}
        body = an_order_of({"id": "quo_1"}, sandbox={"payment": "paid"})
        async with a_client(application) as client:
            answer = await client.post("/v1/orders", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "only_in_sandbox")
        assert answer.json()["params"] == {"field": "sandbox"}

    async def test_needs_a_key(self, client):
        body = an_order_of({"id": "quo_1"}, sandbox={"registry": "serial_clash"})
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (401, "api_key_needed")

    @pytest.mark.parametrize(
        ("wish", "pointer", "code"),
        [
            ({}, "/sandbox", "payment_or_registry"),
            ({"registry": "earthquake"}, "/sandbox/registry", "unknown_choice"),
            ({"payment": "paid", "weather": "rain"}, "/sandbox/weather", "unknown_field"),
        ],
    )
    async def test_is_one_of_the_named_things(self, client, mine, wish, pointer, code):
        body = an_order_of({"id": "quo_1"}, sandbox=wish)
        answer = await client.post("/v1/orders", json=body, headers=fresh_key() | mine)
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]

    @pytest.mark.parametrize("field", ["payment", "registry"])
    async def test_is_refused_where_it_could_not_come_true_and_nothing_is_placed(self, client, small, mine, field):
        wish = {"payment": {"payment": "paid"}, "registry": {"registry": "serial_clash"}}[field]
        body = an_order_of(await a_quote(client, small), sandbox=wish)
        answer = await client.post("/v1/orders", json=body, headers=fresh_key() | mine)
        assert (answer.status_code, answer.json()["code"]) == (422, "fault_not_offered")
        assert answer.json()["params"] == {"field": field}
        assert await found(client, mine) == []
