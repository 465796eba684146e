"""Organisations are told how the cover of their products stands, and what becomes of the plans that their keys began."""

import json

import pytest

from marketplace.accounts.roles import Role
from marketplace.notifications import telling
from marketplace.notifications.kinds import EventType
from marketplace.notifications.models import EventRecord
from marketplace.plans import changes
from marketplace.products.counting import count, sale
from tests.builders.market import a_listing
from tests.builders.plans import a_running_plan, kwh
from tests.builders.pools import with_pools
from tests.builders.products import a_maker, a_period, a_product, covered, revoke
from tests.marketplace.products.test_counting import NOON
from tests.signed_in import an_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def told(small, organisation_id: str, type_: EventType) -> list[dict[str, object]]:
    await telling.tell_waiting(small.market)
    events = await EventRecord.filter(organisation_id=organisation_id, type=type_).order_by("position")
    return [json.loads(event.body)["data"] for event in events]


class TestAPlan:
    async def test_that_a_key_began_tells_of_each_new_state_and_of_new_terms(self, small):
        owner = await an_actor(small, Role.OWNER)
        listing = await a_listing(with_pools(small), tonnes=20)
        plan = await a_running_plan(small, listing, external_id=f"{owner.organisation_id}:first")
        await changes.change(small.market, plan.id, kwh("400"), listing.id)
        await changes.pause(small.market, plan.id)
        await changes.cancel(small.market, plan.id)
        seen = [one["plan"] for one in await told(small, owner.organisation_id, EventType.PLAN_CHANGED)]
        assert [(one["state"], one["terms_version"]) for one in seen] == [
            ("active", 1),
            ("active", 2),
            ("paused", 2),
            ("ended", 2),
        ]
        assert (seen[-1]["id"], seen[-1]["ended_because"]) == (plan.id, "by_person")
        assert seen[1]["monthly_g"] > seen[0]["monthly_g"]
        assert "home@ashiato.example" not in json.dumps(seen)

    async def test_that_a_person_began_tells_nobody(self, small):
        plan = await a_running_plan(small, await a_listing(with_pools(small), tonnes=20))
        await changes.pause(small.market, plan.id)
        await telling.tell_waiting(small.market)
        assert await EventRecord.filter(type=EventType.PLAN_CHANGED).count() == 0


class TestAProduct:
    async def test_tells_when_cover_comes_when_much_of_it_is_sold_and_when_it_goes(self, small):
        maker = await a_maker(small)
        product = await a_product(small, maker)
        number = await covered(small, await a_period(small, maker, product), await a_listing(small))
        await count(small.market, product.id, [sale("1", 900, NOON)])
        await small.work()
        await revoke(small, number)
        stands = [
            one["coverage"] for one in await told(small, maker.organisation_id, EventType.PRODUCT_COVERAGE_CHANGED)
        ]
        assert [(one["covered_units"], one["kept_units"]) for one in stands] == [(1_000, 0), (1_000, 900), (0, 900)]
        assert stands[-1]["state"] != stands[0]["state"]
