"""Paying into the balance over the API: once per key, within the operator's limit, seen by nobody else."""

from dataclasses import replace

import pytest

from marketplace.accounts.roles import Role
from marketplace.deposits.models import Deposit
from tests.api.buying import fresh_key
from tests.api.test_event_pages import paged
from tests.api.test_keys import bearer
from tests.signed_in import an_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BODY = {"amount": 30_000, "email": "accounts@ashiato.example"}


@pytest.fixture
async def key(small):
    return await bearer(small, await an_actor(small, Role.OWNER))


async def deposited(client, key, **changed):
    answer = await client.post("/v1/deposits", json=BODY | changed, headers=fresh_key() | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestADeposit:
    async def test_is_paid_and_is_on_the_balance_then_and_not_before(self, client, small, key):
        deposit = await deposited(client, key)
        assert (deposit["state"], deposit["amount"], deposit["captured_at"]) == ("awaiting_payment", 30_000, None)
        assert (await client.get("/v1/balance", headers=key)).json() == {
            "balance": 0,
            "room": 970_000,
            "currency": "JPY",
        }
        await small.deliver(small.payments.pay(deposit["checkout_url"].rpartition("/")[2]))
        await small.work()
        read = (await client.get(f"/v1/deposits/{deposit['id']}", headers=key)).json()
        assert (read["state"], read["checkout_url"]) == ("paid", None)
        assert (await client.get("/v1/balance", headers=key)).json()["balance"] == 30_000

    async def test_is_begun_once_per_key(self, client, key):
        same = fresh_key()
        first, again = [await client.post("/v1/deposits", json=BODY, headers=same | key) for _ in range(2)]
        assert again.content == first.content
        assert await Deposit.all().count() == 1

    async def test_stands_when_the_payment_provider_does_not_answer(self, client, small, key):
        small.payments.unreachable = 1
        deposit = await deposited(client, key)
        assert deposit["checkout_url"] is None
        await small.work()
        assert (await client.get(f"/v1/deposits/{deposit['id']}", headers=key)).json()["checkout_url"]

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"amount": 49}, "deposit_too_small"),
            ({"amount": 1_000_001}, "deposit_too_large"),
            ({"email": "nobody"}, "mail_address_refused"),
        ],
    )
    async def test_is_refused_by_name(self, client, key, changed, code):
        answer = await client.post("/v1/deposits", json=BODY | changed, headers=fresh_key() | key)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_is_not_taken_where_the_operator_takes_none(self, client, small, key):
        terms = small.market.terms
        object.__setattr__(small.market, "terms", replace(terms, balance_most_yen=0))
        answer = await client.post("/v1/deposits", json=BODY, headers=fresh_key() | key)
        assert (answer.status_code, answer.json()["code"]) == (409, "deposits_not_taken")

    async def test_is_its_organisations_own(self, client, small, key):
        made = [(await deposited(client, key))["id"] for _ in range(2)]
        theirs = await bearer(small, await an_actor(small, Role.OWNER, email="stranger@ashiato.example"))
        answer = await client.get(f"/v1/deposits/{made[0]}", headers=theirs)
        assert (answer.status_code, answer.json()["code"]) == (404, "deposit_not_found")
        assert (await client.get("/v1/deposits", headers=theirs)).json()["data"] == []
        assert [row["id"] for row in await paged(client, "/v1/deposits", key)] == sorted(made, reverse=True)


class TestARefusedPaymentPage:
    async def test_is_said_as_often_as_it_is_asked_for_and_leaves_nothing_behind(self, client, small, key):
        small.payments.refusal = "amount_too_small"
        same = fresh_key()
        for _ in range(2):
            answer = await client.post("/v1/deposits", json=BODY, headers=same | key)
            assert (answer.status_code, answer.json()["code"]) == (502, "payment_refused")
        small.payments.refusal = None
        await small.work()
        assert (await client.post("/v1/deposits", json=BODY, headers=same | key)).status_code == 502
        assert [row["state"] for row in await paged(client, "/v1/deposits", key)] == ["lapsed"]
        assert (await client.get("/v1/balance", headers=key)).json()["room"] == 1_000_000
