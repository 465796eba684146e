"""Monthly plans over the API: rehearsed, begun once per key, read by their token, paused, resumed, changed and ended."""

import pytest

from marketplace.plans.models import Plan
from tests.api.application import a_client, an_application, without_limits
from tests.api.buying import fresh_key
from tests.builders.market import a_listing
from tests.builders.plans import settled
from tests.builders.pools import with_pools

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def client(small):
    with_pools(small)
    async with a_client(an_application(small, around=without_limits())) as client:
        yield client


@pytest.fixture
async def wish(small, client):
    listing = await a_listing(small, tonnes=20)
    consent = (await client.get("/v1/plan_consent?locale=en")).json()
    return {
        "use": {"menu": "A0002.all", "kwh": "300"},
        "listing_id": listing.id,
        "email": "home@ashiato.example",
        "reduction_effort": "Lights off in empty rooms",
        "consent_version": consent["version"],
        "locale": "en",
    }


async def begun(small, client, wish) -> dict:
    plan = (await client.post("/v1/plans", json=wish, headers=fresh_key())).json()
    for event in small.plans.pay(plan["checkout_url"].rpartition("/")[2]):
        await small.deliver(event)
    await settled(small)
    return (await client.get(f"/v1/plans/{plan['token']}")).json()


class TestBeginning:
    async def test_menus_are_listed_with_their_factors(self, client):
        menus = (await client.get("/v1/plan_menus")).json()
        assert {"menu": "A0002.all", "kg_per_kwh": "0.422"}.items() <= menus["data"][0].items()

    async def test_a_rehearsal_says_grams_and_yen_and_begins_nothing(self, client, wish):
        answer = await client.post("/v1/plans", json={**wish, "dry_run": True}, headers=fresh_key())
        assert answer.status_code == 200
        month = answer.json()["month"]
        assert (month["amount_g"], month["total"]) == (126_600, 584)
        assert await Plan.all().count() == 0

    async def test_the_same_key_is_the_same_plan(self, client, wish):
        key = fresh_key()
        first, again = [await client.post("/v1/plans", json=wish, headers=key) for _ in range(2)]
        assert (first.status_code, again.json()) == (201, first.json())
        assert await Plan.all().count() == 1

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"use": {"menu": "nothing.all", "kwh": "300"}}, "menu_unknown"),
            ({"use": {"kwh": "x"}}, "usage_refused"),
            ({"consent_version": "old"}, "consent_missing"),
            ({"listing_id": "lst_none"}, "listing_not_found"),
            ({"max_monthly": 100}, "total_above_limit"),
        ],
    )
    async def test_what_is_wrong_is_named(self, client, wish, changed, code):
        answer = await client.post("/v1/plans", json={**wish, **changed}, headers=fresh_key())
        status = {"listing_not_found": 404, "total_above_limit": 409}.get(code, 422)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestARunningPlan:
    async def test_shows_its_months(self, small, client, wish):
        plan = await begun(small, client, wish)
        (month,) = plan["months"]
        assert (plan["state"], plan["offset_g"], month["state"]) == ("active", 126_600, "fulfilled")
        assert month["certificate_number"].startswith("TEST-")

    async def test_is_paused_resumed_changed_billed_and_ended(self, small, client, wish):
        token = (await begun(small, client, wish))["token"]

        async def post(act: str, body: dict) -> dict:
            answer = await client.post(f"/v1/plans/{token}/{act}", json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        assert (await post("pause", {}))["state"] == "paused"
        assert (await post("resume", {}))["state"] == "active"
        changed = await post("change", {"use": {"household_size": "size2"}, "listing_id": wish["listing_id"]})
        assert changed["next_month"]["use"]["household_size"] == "size2"
        billed = await post("bills", {"month": "2026-11-22", "kwh": "400"})
        assert (billed["still_to_cover_g"], billed["next_month"]["carried_g"]) == (42_200, 42_200)
        assert (await post("cancel", {}))["state"] == "ended"
        refused = await client.post(f"/v1/plans/{token}/resume", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "plan_not_changeable")

    async def test_no_other_token_opens_one(self, client):
        answer = await client.get("/v1/plans/unknown")
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_not_found")
