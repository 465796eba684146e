"""A plan from its first payment on: each paid month is exactly one certificate and one mail, whatever the events do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from tortoise.exceptions import BaseORMException

from certificates.models import Certificate
from certificates.records import find as find_certificate
from marketplace.ledger import service as ledger
from marketplace.mail.models import Mail
from marketplace.orders.states import OrderState
from marketplace.payments import inbox
from marketplace.payments.sandbox.billing_month import next_boundary
from marketplace.plans import service as plans
from marketplace.plans.jobs import enqueue_overdue
from marketplace.plans.models import Plan, PlanMonth
from marketplace.plans.months import month_days
from marketplace.plans.reading import months_of, running_total_g
from marketplace.plans.states import PlanState
from tests.builders.market import a_listing
from tests.builders.plans import a_running_plan, an_open_plan, months_pass, settled
from tests.builders.pools import with_pools

MONTH_G = 126_600
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def small(small):
    return with_pools(small)


@pytest.fixture
async def listing(small):
    return await a_listing(small, tonnes=50)


async def mails(message: str) -> list[Mail]:
    return await Mail.filter(message=message).order_by("id")


class TestTheFirstMonth:
    async def test_is_certified_out_of_a_pool_and_told_once(self, small, listing):
        plan = await a_running_plan(small, listing)
        assert plan.state == PlanState.ACTIVE
        (month,) = await months_of(plan.id)
        assert (month.state, month.covered_g, month.yen) == (OrderState.FULFILLED, MONTH_G, 584)
        record = await find_certificate(month.certificate_number)
        assert (record.grams, len(record.statement.from_pool)) == (MONTH_G, 1)
        assert record.statement.footprint.total_g == MONTH_G
        assert (month.first_day, month.last_day) == (date(2026, 11, 22), date(2026, 12, 21))
        assert [mail.recipient for mail in await mails("plan_started")] == ["home@ashiato.example"]
        (told,) = await mails("plan_certified")
        assert month.certificate_number in told.body
        assert await ledger.balance(ledger.CLEARING) == 584

    @on_sqlite
    async def test_is_not_begun_before_it_is_paid(self, small, listing):
        plan = await an_open_plan(small, listing)
        await settled(small)
        assert (await plans.find(plan.id)).state == PlanState.AWAITING_PAYMENT
        assert (await PlanMonth.all().count(), small.registry.requests) == (0, [])

    @on_sqlite
    async def test_a_page_that_closed_unpaid_begins_nothing(self, small, listing):
        plan = await an_open_plan(small, listing)
        await small.deliver(small.plans.expire(plan.checkout_session))
        await settled(small)
        assert (await plans.find(plan.id)).state == PlanState.LAPSED

    @on_sqlite
    async def test_the_name_of_nobody_stands_on_it_unless_initials_were_given(self, small, listing):
        for initials, shown in (("", "ある家庭（氏名非公開）"), ("S. T.", "S. T.")):
            plan = await a_running_plan(small, listing, public_name=initials)
            (month,) = await months_of(plan.id)
            record = await find_certificate(month.certificate_number)
            assert record.disclosures["beneficiary"].value == shown


class TestEachMonth:
    @on_sqlite
    async def test_makes_one_certificate_and_one_mail(self, small, listing):
        plan = await a_running_plan(small, listing)
        await months_pass(small, 3)
        months = await months_of(plan.id)
        assert len(months) == len(await mails("plan_certified")) == 4
        assert len({month.certificate_number for month in months}) == 4
        assert await running_total_g(plan.id) == 4 * MONTH_G
        assert [later.first_day for later in months[1:]] == [
            earlier.last_day + timedelta(days=1) for earlier in months[:-1]
        ]

    @pytest.mark.parametrize("seed", range(3))
    async def test_whatever_becomes_of_the_webhooks(self, small, listing, seed):
        """Delivered in the reverse order, several times each, or lost and found by the poller."""
        plan = await a_running_plan(small, listing)
        small.clock.advance(timedelta(days=31))
        events = list(small.plans.pass_time())
        if seed == 0:
            events.reverse()
        for event in events * (3 if seed == 1 else 1) if seed < 2 else ():
            await small.deliver(event)
            await small.work()
        await inbox.catch_up(small.market)
        await settled(small)
        assert len(await months_of(plan.id)) == 2
        orders = [month.order_id for month in await PlanMonth.filter(plan_id=plan.id)]
        assert await Certificate.filter(order_reference__in=orders).count() == 2

    @on_sqlite
    async def test_that_no_event_told_of_is_found_by_looking(self, small, listing):
        plan = await a_running_plan(small, listing)
        small.clock.advance(timedelta(days=31))
        small.plans.pass_time()
        await enqueue_overdue(small.market)
        await settled(small)
        assert len(await months_of(plan.id)) == 2


class TestTheCalendar:
    @pytest.mark.parametrize(
        ("began", "months"),
        [
            # 19:00 on 31 January in Japan, a year with a 29 February
            (datetime(2028, 1, 31, 10, tzinfo=UTC), [(1, 31), (2, 29), (3, 31), (4, 30)]),
            (datetime(2027, 1, 31, 10, tzinfo=UTC), [(1, 31), (2, 28), (3, 31), (4, 30)]),
            # 31 January in Japan is still the 30th where the provider counts: no day is missing, none is twice
            (datetime(2027, 1, 30, 16, tzinfo=UTC), [(1, 31), (3, 1), (3, 31), (5, 1)]),
            (datetime(2026, 11, 30, 15, tzinfo=UTC), [(12, 1), (12, 31), (1, 31), (3, 1)]),
        ],
    )
    def test_months_follow_each_other_day_by_day(self, began, months):
        starts = [began]
        for _ in months:
            starts.append(
                datetime.fromtimestamp(next_boundary(int(began.timestamp()), int(starts[-1].timestamp())), UTC)
            )
        days = [month_days(start, end) for start, end in pairwise(starts)]
        assert [(first.month, first.day) for first, _ in days] == months
        assert all(last + timedelta(days=1) == first for (_, last), (first, _) in pairwise(days))


class TestTheDatabaseKeepsMonthsApart:
    async def test_no_day_and_no_invoice_is_paid_twice(self, small, listing):
        plan = await a_running_plan(small, listing)
        month = await PlanMonth.get()
        facts = {"plan_id": plan.id, "terms_id": month.terms_id, "order_id": month.order_id, "paid_at": small.clock()}
        later = {"first_day": date(2027, 3, 1), "last_day": date(2027, 3, 31)}
        for changed in (
            {"first_day": month.last_day, "last_day": date(2027, 1, 5), "invoice": "in_other"},
            {**later, "invoice": month.invoice},
            {**later, "invoice": "in_other"},
        ):
            with pytest.raises(BaseORMException):
                await PlanMonth.create(id=f"pmo_{len(changed)}", **{**facts, **changed})
        with pytest.raises(BaseORMException):
            await PlanMonth.filter(id=month.id).update(order_id="ord_other")
        with pytest.raises(BaseORMException):
            await Plan.filter(id=plan.id).update(state=PlanState.LAPSED)
