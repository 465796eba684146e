"""What a person decides applies at once or from the next month, and the provider is made to follow."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from marketplace.errors import BelowSmallestPayment, ConsentMissing, TotalAboveLimit
from marketplace.mail.models import Mail
from marketplace.orders.states import OrderState
from marketplace.payments.plan_gateway import PlanState as ProviderState
from marketplace.plans import beginning, changes, steering
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.errors import (
    EffortMissing,
    MenuUnknown,
    MonthTooLarge,
    MonthWithoutEmissions,
    PlanNotChangeable,
    PublicNameRefused,
    UsageRefused,
)
from marketplace.plans.failures import end_long_unpaid
from marketplace.plans.models import Plan, PlanTerms
from marketplace.plans.reading import months_of
from marketplace.plans.states import PlanState
from marketplace.plans.usage import Usage
from offset_calc.errors import FactorNotFound
from offset_calc.factors import FactorSet
from offset_calc.tables import open_edition
from tests.builders.market import a_listing
from tests.builders.plans import OTHER_MENU, a_plan_wish, a_running_plan, kwh, months_pass, settled
from tests.builders.pools import with_pools

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def small(small):
    return with_pools(small)


@pytest.fixture
async def listing(small):
    return await a_listing(small, tonnes=50)


async def subjects(message: str) -> list[str]:
    return [str(mail.subject) for mail in await Mail.filter(message=message).order_by("id")]


class NextEdition(FactorSet):
    """The edition in force as it may look one day: half of every figure, and one menu less. Plans are of the one before."""

    def __init__(self) -> None:
        super().__init__(open_edition("2026-11"))

    def by_id(self, factor_id):
        found = super().by_id(factor_id)
        if ".A0013." in factor_id:
            raise FactorNotFound(factor_id)
        return replace(found, value=found.value / Decimal(2))


class TestWhatCannotBegin:
    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"usage": kwh(menu="Z9999.all")}, MenuUnknown),
            ({"usage": kwh(menu="A0006.overall")}, MenuUnknown),
            ({"usage": kwh(menu="A0006.menu_a")}, MonthWithoutEmissions),
            ({"usage": kwh("9000")}, MonthTooLarge),
            ({"usage": kwh("1")}, BelowSmallestPayment),
            ({"usage": kwh("many")}, UsageRefused),
            ({"usage": Usage(None, None, "size9")}, UsageRefused),
            ({"usage": Usage(None, "300", "size2")}, UsageRefused),
            ({"public_name": "山田 太郎です"}, PublicNameRefused),
            ({"public_name": "<b>"}, PublicNameRefused),
            ({"consent_version": None}, ConsentMissing),
            ({"reduction_effort": " "}, EffortMissing),
            ({"max_monthly_yen": 100}, TotalAboveLimit),
        ],
    )
    async def test_is_refused(self, small, listing, changes, refusal):
        with pytest.raises(refusal):
            await beginning.begin(small.market, a_plan_wish(listing, **changes))
        assert await Plan.all().count() == 0

    async def test_a_size_of_the_household_is_as_good_as_kwh(self, small, listing):
        plan = await a_running_plan(small, listing, usage=Usage(None, None, "size3"))
        assert len(await months_of(plan.id)) == 1


class TestAChange:
    async def test_applies_from_the_next_month(self, small, listing):
        plan = await a_running_plan(small, listing)
        await changes.change(small.market, plan.id, kwh("400", OTHER_MENU), listing.id)
        await settled(small)
        await months_pass(small)
        first, second = await months_of(plan.id)
        assert (first.covered_g, second.covered_g) == (126_600, 218_800)
        assert (first.yen, second.yen) == (584, small.plans.subscriptions[plan.subscription].monthly_amount)
        assert len(await subjects("plan_terms")) == 1

    async def test_that_comes_too_late_for_the_provider_applies_a_month_later(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.clock.advance(timedelta(days=29, hours=23))
        await changes.change(small.market, plan.id, kwh("400"), listing.id)
        # the worker did not reach the provider before it charged
        small.clock.advance(timedelta(hours=2))
        for event in small.plans.pass_time():
            await small.deliver(event)
        await settled(small)
        await months_pass(small)
        assert [month.covered_g for month in await months_of(plan.id)] == [126_600, 126_600, 168_800]

    async def test_keeps_the_price_per_tonne_until_there_is_one(self, small, listing):
        plan = await a_running_plan(small, listing)
        await type(listing).filter(id=listing.id).update(yen_per_tonne=8_000)
        await months_pass(small)
        assert [month.yen for month in await months_of(plan.id)] == [584, 584]

    async def test_is_too_late_when_the_plan_has_ended(self, small, listing):
        plan = await a_running_plan(small, listing)
        await changes.cancel(small.market, plan.id)
        with pytest.raises(PlanNotChangeable):
            await changes.change(small.market, plan.id, kwh("400"), listing.id)


class TestAPause:
    async def test_lets_months_pass_uncharged(self, small, listing):
        plan = await a_running_plan(small, listing)
        await changes.pause(small.market, plan.id)
        await settled(small)
        await months_pass(small, 2)
        await changes.resume(small.market, plan.id)
        await settled(small)
        await months_pass(small)
        first, second = await months_of(plan.id)
        assert (second.first_day - first.last_day).days > 55

    async def test_that_the_provider_heard_of_too_late_is_paid_back(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.clock.advance(timedelta(days=29, hours=23))
        await changes.pause(small.market, plan.id)
        small.clock.advance(timedelta(hours=2))
        for event in small.plans.pass_time():
            await small.deliver(event)
        await settled(small)
        first, second = await months_of(plan.id)
        assert (first.state, second.state) == (OrderState.FULFILLED, OrderState.REFUNDED)
        assert len(await subjects("plan_refunded")) == 1

    async def test_overtaken_by_a_resumption_ends_up_running(self, small, listing):
        """The call that pauses hangs while the person has resumed: whoever comes last looks again."""
        plan = await a_running_plan(small, listing)
        real = small.plans.pause

        async def slow(subscription_id):
            small.plans.pause = real
            await changes.resume(small.market, plan.id)
            await steering.follow(small.market, plan.id)
            return await real(subscription_id)

        small.plans.pause = slow
        await changes.pause(small.market, plan.id)
        await settled(small)
        assert (await plans.find(plan.id)).state == PlanState.ACTIVE
        assert small.plans.subscriptions[plan.subscription].state is ProviderState.ACTIVE


class TestTheEnd:
    async def test_is_at_once_and_once(self, small, listing):
        plan = await a_running_plan(small, listing)
        for _ in range(2):
            await changes.cancel(small.market, plan.id)
        await settled(small)
        assert small.plans.subscriptions[plan.subscription].state is ProviderState.ENDED
        await months_pass(small, 2)
        assert len(await months_of(plan.id)) == 1
        assert len(await subjects("plan_state")) == 1

    async def test_comes_even_if_the_provider_is_away_for_a_while(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.payments.unreachable = 3
        await changes.cancel(small.market, plan.id)
        await small.work_for(timedelta(seconds=30))
        assert small.plans.subscriptions[plan.subscription].state is ProviderState.ENDED

    async def test_on_the_providers_own_pages_is_taken_over(self, small, listing):
        plan = await a_running_plan(small, listing)
        await small.deliver(small.plans.end_there(plan.subscription))
        await settled(small)
        ended = await plans.find(plan.id)
        assert (ended.state, ended.ended_because) == (PlanState.ENDED, "provider")


class TestACardThatFails:
    async def test_is_told_each_time_and_mended_by_another(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.plans.charged[plan.subscription].card_works = False
        await months_pass(small)
        assert (await plans.find(plan.id)).state == PlanState.PAST_DUE
        with pytest.raises(PlanNotChangeable):
            await changes.pause(small.market, plan.id)
        small.plans.charged[plan.subscription].card_works = True
        small.clock.advance(timedelta(days=3))
        for event in small.plans.pass_time():
            await small.deliver(event)
        await settled(small)
        assert (await plans.find(plan.id)).state == PlanState.ACTIVE
        assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2
        assert len(await subjects("plan_payment_failed")) == 1

    async def test_ends_the_plan_after_the_last_try_without_a_certificate(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.plans.charged[plan.subscription].card_works = False
        await months_pass(small)
        for days in (3, 5, 7):
            small.clock.advance(timedelta(days=days))
            for event in small.plans.pass_time():
                await small.deliver(event)
            await settled(small)
        ended = await plans.find(plan.id)
        assert (ended.state, ended.ended_because) == (PlanState.ENDED, "card_failed")
        assert len(await months_of(plan.id)) == 1
        assert len(await subjects("plan_payment_failed")) == 4

    async def test_ends_it_on_its_last_day_whatever_the_provider_does(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.plans.charged[plan.subscription].card_works = False
        await months_pass(small)
        small.clock.advance(timedelta(days=21))
        await end_long_unpaid(small.market)
        await settled(small)
        assert (await plans.find(plan.id)).ended_because == "card_failed"
        assert small.plans.subscriptions[plan.subscription].state is ProviderState.ENDED


class TestANewEdition:
    async def test_applies_from_the_next_month_and_is_told(self, small, listing):
        plan = await a_running_plan(small, listing)
        await Plan.filter(id=plan.id).update(edition="2026-05")
        assert await changes.apply_edition(small.market, NextEdition()) == 1
        assert await changes.apply_edition(small.market, NextEdition()) == 0
        await settled(small)
        await months_pass(small)
        assert [month.covered_g for month in await months_of(plan.id)] == [126_600, 63_300]
        newest = await plan_terms.newest(plan.id)
        assert (newest.edition, newest.because, newest.yen_per_tonne) == ("2026-11", "edition", 4_000)
        assert len(await subjects("plan_terms")) == 1

    async def test_without_the_menu_leaves_the_plan_as_it_was_and_says_so(self, small, listing):
        plan = await a_running_plan(small, listing, usage=kwh(menu="A0013.menu_b_residual"))
        await Plan.filter(id=plan.id).update(edition="2026-05")
        await changes.apply_edition(small.market, NextEdition())
        await settled(small)
        assert await PlanTerms.filter(plan_id=plan.id).count() == 1
        assert len(await subjects("plan_terms_kept")) == 1
        assert await changes.apply_edition(small.market, NextEdition()) == 0


class TestCreditsThatAreSoldOut:
    async def test_pay_the_month_back_and_pause_the_plan(self, small):
        small_listing = await a_listing(small, tonnes=1)
        plan = await a_running_plan(small, small_listing, usage=kwh("2000"))
        await months_pass(small)
        first, second = await months_of(plan.id)
        assert (first.state, second.state) == (OrderState.FULFILLED, OrderState.REFUNDED)
        assert (await plans.find(plan.id)).state == PlanState.PAUSED
        await months_pass(small, 2)
        assert len(await months_of(plan.id)) == 2
