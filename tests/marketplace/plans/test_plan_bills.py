"""Bills: the next month makes up for what a month really took, to the gram, and never twice."""

import asyncio

import pytest

from marketplace.errors import ConsentMissing
from marketplace.orders import service as orders
from marketplace.orders.instruction import Consent
from marketplace.orders.states import OrderState
from marketplace.orders.words import consent_version
from marketplace.plans import bills, changes
from marketplace.plans import terms as plan_terms
from marketplace.plans.bills import BillRow
from marketplace.plans.errors import BillMonthUnknown, NothingExtra, UsageRefused
from marketplace.plans.extras import consent_words, order_extra
from marketplace.plans.models import PlanBill, PlanMonth
from marketplace.plans.reading import months_of, running_total_g, years_of
from marketplace.quotes.models import Quote
from tests.builders.market import a_listing
from tests.builders.plans import a_running_plan, kwh, months_pass, settled
from tests.builders.pools import with_pools

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FIRST = "2026-11-22"


@pytest.fixture
async def small(small):
    return with_pools(small)


@pytest.fixture
async def plan(small):
    return await a_running_plan(small, await a_listing(small, tonnes=50))


async def enter(small, plan, amount: str, month: str = FIRST) -> None:
    await bills.enter(small.market, plan.id, [BillRow(month, amount)])
    await settled(small)


class TestTheNextMonth:
    @pytest.mark.parametrize(("billed", "next_g"), [("360", 151_920), ("250", 105_500), ("300", 126_600)])
    async def test_makes_up_for_the_difference(self, small, plan, billed, next_g):
        await enter(small, plan, billed)
        await months_pass(small, 2)
        assert [month.covered_g for month in await months_of(plan.id)] == [126_600, next_g, 126_600]
        assert await bills.uncovered_g(plan.id) == 0

    async def test_carries_on_what_one_month_cannot(self, small, plan):
        """Nothing was used at all: the next months are as small as a card can pay, until it is even."""
        await enter(small, plan, "0")
        await months_pass(small, 3)
        covered = [month.covered_g for month in await months_of(plan.id)]
        assert covered[1] < 20_000
        assert sum(covered) == 3 * 126_600
        assert [month.yen for month in await months_of(plan.id)][1] == 50

    async def test_stays_below_a_tonne(self, small, plan):
        await enter(small, plan, "2300")
        await enter(small, plan, "2300")
        await months_pass(small, 2)
        assert sum(month.covered_g for month in await months_of(plan.id)) == 2 * 126_600 + 970_600

    async def test_goes_by_the_newest_bill_of_a_month(self, small, plan):
        await enter(small, plan, "500")
        await enter(small, plan, "310")
        await months_pass(small)
        assert (await months_of(plan.id))[1].covered_g == 126_600 + 4_220


async def extra_of(small, plan, month_id: str):
    return await order_extra(small.market, plan.id, month_id, consent=consent_version(), locale="ja")


class TestAnExtraOrder:
    async def test_asks_for_consent_to_its_own_words_anew(self, small, plan):
        await enter(small, plan, "400")
        for stale in (None, "2020-01-01"):
            with pytest.raises(ConsentMissing):
                await order_extra(small.market, plan.id, (await PlanMonth.get()).id, consent=stale, locale="ja")
        assert await Quote.filter(state="open").count() == 0
        order = await extra_of(small, plan, (await PlanMonth.get()).id)
        agreed = Consent.model_validate_json(order.consent)
        assert (agreed.version, agreed.text) == consent_words(small.market, "ja")

    async def test_covers_it_at_once_and_the_next_month_is_as_ever(self, small, plan):
        await enter(small, plan, "400")
        month = await PlanMonth.get()
        order = await orders.open_checkout(small.market, (await extra_of(small, plan, month.id)).id)
        await small.deliver(small.payments.pay(order.checkout_session))
        await settled(small)
        assert await running_total_g(plan.id) == 168_800
        await months_pass(small)
        assert [one.covered_g for one in await months_of(plan.id)] == [126_600, 126_600]
        (year,) = [one for one in await years_of(await months_of(plan.id)) if one.year == 2026]
        assert year.covered_g == 2 * 126_600 + 42_200
        with pytest.raises(NothingExtra):
            await extra_of(small, plan, month.id)

    async def test_that_is_asked_for_twice_at_once_is_one(self, small, plan):
        await enter(small, plan, "400")
        month = await PlanMonth.get()
        both = await asyncio.gather(*(extra_of(small, plan, month.id) for _ in range(2)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in both) == ["NothingExtra", "Order"]

    async def test_that_nobody_pays_leaves_it_to_a_later_month(self, small, plan):
        await enter(small, plan, "400")
        order = await extra_of(small, plan, (await PlanMonth.get()).id)
        await settled(small)
        assert (await plan_terms.newest(plan.id)).carried_g == 0
        order = await orders.open_checkout(small.market, order.id)
        await small.payments.expire_checkout(order.checkout_session)
        await small.deliver(small.payments.events[-1])
        await settled(small)
        assert (await orders.find(order.id)).state == OrderState.EXPIRED
        await months_pass(small, 2)
        assert [one.covered_g for one in await months_of(plan.id)] == [126_600, 126_600, 168_800]


class TestBillsThatFitNoMonth:
    @pytest.mark.parametrize(
        ("row", "refusal"),
        [
            (BillRow("2026-10", "300"), BillMonthUnknown),
            (BillRow("November", "300"), BillMonthUnknown),
            (BillRow(FIRST, "-1"), UsageRefused),
            (BillRow(FIRST, ""), UsageRefused),
        ],
    )
    async def test_are_refused_and_nothing_is_kept(self, small, plan, row, refusal):
        with pytest.raises(refusal):
            await bills.enter(small.market, plan.id, [BillRow(FIRST, "310"), row])
        assert await PlanBill.all().count() == 0


class TestAChangedPlan:
    async def test_keeps_what_is_still_to_make_up_for(self, small, plan):
        await enter(small, plan, "400")
        await changes.change(small.market, plan.id, kwh("200"), (await plan_terms.newest(plan.id)).listing_id)
        await settled(small)
        await months_pass(small, 2)
        assert [one.covered_g for one in await months_of(plan.id)] == [126_600, 84_400 + 42_200, 84_400]
