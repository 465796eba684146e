"""With a key, orders belong to an organisation, limits count by key, and nobody sees what is another's."""

from datetime import UTC, datetime, timedelta

import pytest

from api.rate_limits import ASKING, LOOKING_UP
from marketplace.accounts import keys
from marketplace.accounts.errors import ApiKeyUnknown
from marketplace.accounts.keys import Scope
from marketplace.accounts.models import OrderOwner
from marketplace.accounts.roles import Role
from tests.api.application import a_client, an_application
from tests.api.buying import a_quote, an_order_of, fresh_key
from tests.signed_in import an_actor


async def bearer(small, actor, *scopes: Scope) -> dict[str, str]:
    _, secret = await keys.create(
        actor, "shop", scopes or list(Scope), environment="sandbox", expires_at=None, clock=small.clock
    )
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


@pytest.fixture
async def stranger(small):
    return await an_actor(small, Role.OWNER, email="stranger@ashiato.example")


async def place(client, small, headers, **changed):
    answer = await client.post(
        "/v1/orders", json=an_order_of(await a_quote(client, small), **changed), headers=fresh_key() | headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestAnOrderWithAKey:
    async def test_belongs_to_the_keys_organisation_and_is_in_its_list_alone(self, small, client, owner, stranger):
        mine, theirs = await bearer(small, owner), await bearer(small, stranger)
        first = await place(client, small, mine)
        small.clock.advance(timedelta(seconds=1))
        second = await place(client, small, mine)
        await place(client, small, {})
        page = (await client.get("/v1/orders", params={"limit": 1}, headers=mine)).json()
        assert [order["id"] for order in page["data"]] == [second["id"]]
        rest = (await client.get("/v1/orders", params={"cursor": page["next_cursor"]}, headers=mine)).json()
        assert ([order["id"] for order in rest["data"]], rest["next_cursor"]) == ([first["id"]], None)
        assert (await client.get("/v1/orders", headers=theirs)).json()["data"] == []
        assert await OrderOwner.filter(organisation_id=owner.organisation_id).count() == 2

    async def test_has_a_number_that_is_its_organisations_own(self, small, client, owner, stranger):
        mine, theirs = await bearer(small, owner), await bearer(small, stranger)
        placed = [await place(client, small, headers, external_id="A-1") for headers in (mine, theirs, {})]
        assert {order["external_id"] for order in placed} == {"A-1"}
        found = (await client.get("/v1/orders", params={"external_id": "A-1"}, headers=theirs)).json()["data"]
        assert [order["id"] for order in found] == [placed[1]["id"]]
        assert (await client.get("/v1/orders", params={"external_id": "A-2"}, headers=mine)).json()["data"] == []

    async def test_cannot_be_blocked_by_a_guest_who_writes_an_organisations_number(self, small, client, owner):
        body = an_order_of(await a_quote(client, small), external_id=f"{owner.organisation_id}:A-1")
        answer = await client.post("/v1/orders", json=body, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (409, "external_id_taken")
        await place(client, small, await bearer(small, owner), external_id="A-1")

    async def test_is_never_answered_with_what_another_did_under_the_same_idempotency_key(
        self, small, client, owner, stranger
    ):
        body, same = an_order_of(await a_quote(client, small)), fresh_key()
        first = await client.post("/v1/orders", json=body, headers=same | await bearer(small, owner))
        second = await client.post("/v1/orders", json=body, headers=same | await bearer(small, stranger))
        assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "quote_used")

    async def test_needs_the_scope(self, small, client, owner):
        headers = fresh_key() | await bearer(small, owner, Scope.ORDERS_READ)
        answer = await client.post("/v1/orders", json={}, headers=headers)
        assert (answer.status_code, answer.json()["params"]) == (403, {"scope": "orders:write"})


class TestABadKey:
    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ("Bearer ashiato_test_" + "x" * 43, "api_key_unknown"),
            ("Bearer ", "api_key_unknown"),
            ("bearer nonsense", "api_key_unknown"),
            ("Basic dXNlcjpwYXNz", "api_key_unknown"),
            ("Bearer ashiato_live_" + "x" * 43, "api_key_of_other_environment"),
        ],
    )
    async def test_is_refused_even_where_none_is_needed_and_never_repeated(self, client, sent, code):
        answer = await client.get("/v1/consent", headers={"Authorization": sent})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "x" * 43 not in answer.text

    @pytest.mark.parametrize(
        "secret",
        [
            "",
            "x" * 43,
            "ashiato_test_" + "x" * 42,
            "ashiato_test_" + "x" * 44,
            "ashiato_test_" + "é" * 43,
            "guess_test_" + "x" * 43,
        ],
    )
    async def test_that_cannot_be_one_by_its_form_costs_no_look_up(self, secret):
        # no database is there to be asked
        with pytest.raises(ApiKeyUnknown):
            await keys.find(secret, environment="sandbox", now=datetime(2026, 11, 22, tzinfo=UTC))

    async def test_cannot_be_guessed_without_end(self, small):
        async with a_client(an_application(small)) as client:
            guesses = [
                (await client.get("/v1/orders/x", headers={"Authorization": f"Bearer guess{n}"})).status_code
                for n in range(LOOKING_UP.most + 1)
            ]
        assert guesses[:-1] == [401] * LOOKING_UP.most
        assert guesses[-1] == 429


class TestLimits:
    async def test_count_by_key_not_by_address(self, small, owner, stranger):
        mine, theirs = await bearer(small, owner), await bearer(small, stranger)
        async with a_client(an_application(small)) as client:
            left = [
                (await client.get("/v1/orders", headers=headers)).headers["ratelimit"].split(";")[1]
                for headers in (mine, mine, theirs)
            ]
        assert left == [f"r={ASKING.most - 1}", f"r={ASKING.most - 2}", f"r={ASKING.most - 1}"]
