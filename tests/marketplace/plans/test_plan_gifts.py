"""A gift is paid once; each month is covered out of that money, and what is left goes back to the giver."""

from datetime import date, timedelta

import pytest

from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.errors import MoveNotAllowed
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.ledger.check import run as check_books
from marketplace.mail.address import AddressRefused
from marketplace.mail.models import Mail
from marketplace.plans import bounced, changes, gifts
from marketplace.plans import service as plans
from marketplace.plans.errors import GiftMonthsRefused, PlanNotChangeable
from marketplace.plans.gifts import GiftWish
from marketplace.plans.jobs import open_checkout
from marketplace.plans.models import Plan, PlanGift, PlanReturn
from marketplace.plans.reading import months_of
from marketplace.plans.states import PlanState
from tests.builders.market import a_listing
from tests.builders.plans import a_plan_wish, kwh, settled
from tests.builders.pools import with_pools
from tests.signed_in import an_actor


@pytest.fixture
async def small(small):
    return with_pools(small)


@pytest.fixture
async def listing(small):
    return await a_listing(small, tonnes=20)


def a_gift_wish(listing, **changed: object) -> GiftWish:
    facts = {"plan": a_plan_wish(listing), "months": 3, "giver_email": "giver@ashiato.example", "giver_name": "花子"}
    return GiftWish(**(facts | changed))


async def a_paid_gift(small, listing, **changed: object) -> Plan:
    plan = await open_checkout(small.market, (await gifts.begin(small.market, a_gift_wish(listing, **changed))).id)
    await small.deliver(small.payments.pay(plan.checkout_session))
    await settled(small)
    return await plans.find(plan.id)


async def a_month_later(small, days: int = 31) -> None:
    small.clock.advance(timedelta(days=days))
    await gifts.enqueue_due(small.market)
    await settled(small)
    await gifts.enqueue_due(small.market)
    await settled(small)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAGift:
    async def test_is_covered_month_by_month_and_then_over(self, small, listing):
        plan = await a_paid_gift(small, listing)
        assert await balance.balance_of(plan.id) == 2 * 584
        for _ in range(3):
            await a_month_later(small)
        months = await months_of(plan.id)
        assert [month.covered_g for month in months] == [126_600] * 3
        ended = await plans.find(plan.id)
        assert (ended.state, ended.ended_because) == (PlanState.ENDED, "gift_over")
        assert await balance.balance_of(plan.id) == 0
        told = [(mail.message, mail.recipient) for mail in await Mail.filter(message__startswith="plan_gift")]
        assert sorted(told) == [
            ("plan_gift_paid", "giver@ashiato.example"),
            ("plan_gift_received", "home@ashiato.example"),
        ]
        assert await Mail.filter(message="plan_certified").count() == 3
        assert (await check_books(small.market)).finding_count == 0

    async def test_that_is_ended_goes_back_to_the_giver(self, small, listing):
        plan = await a_paid_gift(small, listing)
        await changes.cancel(small.market, plan.id)
        for _ in range(2):
            await a_month_later(small)
        assert [(refund.amount, refund.payment) for refund in small.payments.refunds.values()] == [
            (2 * 584, f"pi_{plan.checkout_session}")
        ]
        assert await ledger.balance(ledger.CLEARING) == 584
        assert len(await months_of(plan.id)) == 1
        assert (await check_books(small.market)).finding_count == 0

    async def test_lets_months_pass_while_it_is_paused(self, small, listing):
        plan = await a_paid_gift(small, listing)
        await changes.pause(small.market, plan.id)
        await a_month_later(small, 62)
        assert len(await months_of(plan.id)) == 1
        await changes.resume(small.market, plan.id)
        await a_month_later(small, 1)
        assert len(await months_of(plan.id)) == 2

    async def test_is_paid_for_once_however_often_it_is_told(self, small, listing):
        plan = await a_paid_gift(small, listing)
        for event in small.payments.events:
            await small.deliver(event)
        await gifts.follow_checkout(small.market, await small.payments.checkout(plan.checkout_session))
        await settled(small)
        assert await ledger.balance(ledger.CLEARING) == 3 * 584

    async def test_that_nobody_pays_never_begins(self, small, listing):
        plan = await open_checkout(small.market, (await gifts.begin(small.market, a_gift_wish(listing))).id)
        await small.payments.expire_checkout(plan.checkout_session)
        await small.deliver(small.payments.events[-1])
        await settled(small)
        assert (await plans.find(plan.id)).state == PlanState.LAPSED
        assert await Mail.all().count() == 0

    async def test_cannot_be_made_dearer(self, small, listing):
        plan = await a_paid_gift(small, listing)
        with pytest.raises(PlanNotChangeable):
            await changes.change(small.market, plan.id, kwh("400"), listing.id)

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"months": 0}, GiftMonthsRefused),
            ({"months": 25}, GiftMonthsRefused),
            ({"giver_email": "me"}, AddressRefused),
        ],
    )
    async def test_is_refused(self, small, listing, changed, refusal):
        with pytest.raises(refusal):
            await gifts.begin(small.market, a_gift_wish(listing, **changed))


class TestARestThatTheBankSendsBack:
    """What was left went to the giver and came back: it is owed again, once, and goes out again."""

    @pytest.fixture
    async def returned(self, small, listing) -> Plan:
        plan = await a_paid_gift(small, listing)
        await changes.cancel(small.market, plan.id)
        await a_month_later(small)
        return plan

    async def bounce(self, small) -> None:
        newest = list(small.payments.refunds.values())[-1]
        for _ in range(2):
            await small.deliver(small.payments.decide_refund(newest.id, "failed"))
        await small.work()

    async def test_lies_on_the_balance_again_and_people_are_told(self, small, returned):
        await self.bounce(small)
        assert await balance.balance_of(returned.id) == 2 * 584
        assert await ledger.balance(ledger.CLEARING) == 3 * 584
        assert (await check_books(small.market)).finding_count == 0
        (told,) = await Mail.filter(message="plan_gift_bounced")
        assert (told.recipient, "1,168" in told.body) == ("giver@ashiato.example", True)
        assert await Mail.filter(message="operator_gift_bounced").count() == 1
        assert [(owed.plan.id, owed.yen, owed.bounces) for owed in await bounced.waiting()] == [
            (returned.id, 2 * 584, 1)
        ]

    async def test_goes_out_again_a_day_later(self, small, returned):
        await self.bounce(small)
        await a_month_later(small, 1)
        assert [refund.amount for refund in small.payments.refunds.values()] == [2 * 584] * 2
        assert await balance.balance_of(returned.id) == 0
        assert await bounced.waiting() == []
        assert (await check_books(small.market)).finding_count == 0

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_waits_for_a_person_after_the_third_time(self, small, returned):
        for _ in range(3):
            await self.bounce(small)
            await a_month_later(small, 1)
        assert len(small.payments.refunds) == 3
        assert await balance.balance_of(returned.id) == 2 * 584
        operator = await an_actor(small, Role.OPERATOR)
        with pytest.raises(ReasonMissing):
            await bounced.try_again(small.market, operator, returned.id, " ")
        await bounced.try_again(small.market, operator, returned.id, "new card")
        await a_month_later(small, 0)
        assert len(small.payments.refunds) == 4
        assert await AuditEntry.filter(act="gift.return_again", subject=returned.id).exists()
        with pytest.raises(MoveNotAllowed):
            await bounced.try_again(small.market, operator, returned.id, "again")

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_that_is_told_before_it_was_noted_as_gone_ends_alike(self, small, listing):
        plan = await a_paid_gift(small, listing)
        await changes.cancel(small.market, plan.id)
        await gifts.enqueue_due(small.market)
        back = await PlanReturn.get()
        told = await small.payments.refund((await PlanGift.get()).provider_payment, back.amount_yen, key=back.id)
        await small.deliver(small.payments.decide_refund(told.id, "failed"))
        await settled(small)
        assert await balance.balance_of(plan.id) == 2 * 584
        assert (await check_books(small.market)).finding_count == 0


class TestMonthsOfAGift:
    @pytest.mark.parametrize(
        ("first", "anchor", "following"),
        [
            (date(2027, 1, 31), 31, date(2027, 2, 28)),
            (date(2028, 1, 31), 31, date(2028, 2, 29)),
            (date(2027, 2, 28), 31, date(2027, 3, 31)),
            (date(2026, 12, 5), 5, date(2027, 1, 5)),
        ],
    )
    def test_begin_on_the_day_of_the_first(self, first, anchor, following):
        assert gifts.next_month(first, anchor) == following
