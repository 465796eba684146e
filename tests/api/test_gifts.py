"""A plan given to somebody over the API: rehearsed, begun once per key, and its address told to nobody but its owner."""

import pytest

from marketplace.plans.models import Plan
from tests.api.buying import fresh_key
from tests.api.test_plans import client, wish

__all__ = ["client", "wish"]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def gift(wish):
    return {**wish, "months": 3, "giver_email": "giver@ashiato.example", "giver_name": "花子"}


class TestAGift:
    async def test_is_rehearsed_for_all_its_months(self, client, gift):
        answer = await client.post("/v1/plan_gifts", json={**gift, "dry_run": True}, headers=fresh_key())
        rehearsed = answer.json()
        assert (answer.status_code, rehearsed["month"]["total"], rehearsed["total"]) == (200, 584, 3 * 584)
        assert await Plan.all().count() == 0

    async def test_is_begun_once_per_key_and_keeps_the_owners_address_to_itself(self, client, gift):
        key = fresh_key()
        first, again = [await client.post("/v1/plan_gifts", json=gift, headers=key) for _ in range(2)]
        assert (first.status_code, again.content) == (201, first.content)
        plan = await Plan.get()
        assert (plan.gift_months, plan.giver_email) == (3, "giver@ashiato.example")
        assert first.json()["checkout_url"] == plan.checkout_url
        assert plan.access_token not in first.text

    async def test_is_another_request_than_a_plan_under_the_same_key(self, client, wish, gift):
        key = fresh_key()
        for path, body in (("/v1/plans", wish), ("/v1/plan_gifts", gift)):
            assert (await client.post(path, json=body, headers=key)).status_code == 201
        assert await Plan.all().count() == 2

    async def test_is_refused_where_the_provider_refuses_its_page(self, client, small, gift):
        small.payments.refusal = "amount_too_small"
        answer = await client.post("/v1/plan_gifts", json=gift, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (502, "payment_refused")

    @pytest.mark.parametrize(
        ("changed", "code"),
        [({"months": 25}, "input_refused"), ({"giver_email": "x"}, "mail_address_refused")],
    )
    async def test_is_refused_by_name(self, client, gift, changed, code):
        answer = await client.post("/v1/plan_gifts", json=gift | changed, headers=fresh_key())
        assert (answer.status_code, answer.json()["code"]) == (422, code)
