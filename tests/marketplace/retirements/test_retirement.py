from dataclasses import replace
from datetime import timedelta

from certificates.models import Certificate
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import SerialRange
from marketplace.inventory.states import IntervalState
from marketplace.orders import service as orders
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.retirements.models import Retirement
from marketplace.retirements.service import request_of
from marketplace.retirements.states import RetirementState
from tests.builders.market import a_listing, an_order


async def paid(small, *, tonnes=3, stock=100, **listing):
    order = await an_order(small, await a_listing(small, tonnes=stock, **listing), tonnes=tonnes)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


async def kinds(order) -> list[str]:
    return [event.kind for event in await events_of(order.id)]


async def state_of(order) -> str:
    return (await orders.find(order.id)).state


class TestNothingIsCertifiedBeforeTheNotice:
    async def test_a_pending_cancellation_waits(self, small):
        small.registry.script = ["pending"]
        reports = small.registry.reports
        order = await paid(small)
        await small.work()
        confirmed = dict(reports)
        for reference, report in confirmed.items():
            reports[reference] = replace(report, state="pending", notice=None)
        await small.work_for(timedelta(seconds=30))

        assert await state_of(order) == OrderState.RETIRING
        assert await Certificate.all().count() == 0

        reports.update(confirmed)
        await small.work_for(timedelta(seconds=30))
        assert await state_of(order) == OrderState.FULFILLED

    async def test_a_closed_registry_makes_the_order_wait_and_says_so_once(self, small):
        small.registry.script = ["closed"] * 4
        order = await paid(small)
        await small.work_for(timedelta(minutes=2))
        assert await state_of(order) == OrderState.FULFILLED
        assert (await kinds(order)).count(Happened.REGISTRY_WAITING) == 1


class TestALostAnswerIsLookedUp:
    async def test_lost_after_it_took_effect(self, small):
        small.registry.script = ["lost_after"]
        order = await paid(small)
        await small.work()
        assert (await Retirement.get(order_id=order.id)).state == RetirementState.UNKNOWN
        await small.work_for(timedelta(seconds=20))
        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.requests) == 1

    async def test_lost_before_it_took_effect(self, small):
        small.registry.script = ["lost_before"]
        order = await paid(small)
        await small.work_for(timedelta(seconds=20))
        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.requests) == 1


class TestANoticeThatDiffersStopsForAPerson:
    async def test_by_one_serial(self, small):
        small.registry.change_notice = lambda notice: replace(
            notice, serials=(SerialRange(notice.serials[0].first + 1, notice.serials[0].last + 1),)
        )
        order = await paid(small)
        await small.work_for(timedelta(minutes=1))

        retirement = await Retirement.get(order_id=order.id)
        assert retirement.review_reason
        assert retirement.state != RetirementState.CONFIRMED
        assert await Certificate.all().count() == 0
        assert (await kinds(order))[-1] == Happened.UNDER_REVIEW


class TestARequestThatTheRegistryWillNotTake:
    async def test_stops_for_a_person_instead_of_trying_for_ever(self, small):
        small.registry.script = ["refused"]
        order = await paid(small)
        await small.work_for(timedelta(minutes=1))
        retirement = await Retirement.get(order_id=order.id)
        assert retirement.review_reason == "registry_refused_request"
        assert (await kinds(order))[-1] == Happened.UNDER_REVIEW
        assert await state_of(order) == OrderState.RETIRING


class TestARefusedCancellation:
    async def test_other_units_are_cancelled_instead(self, small):
        small.registry.script = ["rejected"]
        order = await paid(small)
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.cancelled) == 3

    async def test_the_refused_serials_are_not_sold_again(self, small):
        small.registry.script = ["rejected"]
        order = await paid(small)
        await small.work()
        refused = await Retirement.get(order_id=order.id, state=RetirementState.REJECTED)
        assert (await Interval.get(id=refused.interval_id)).state == IntervalState.WITHDRAWN

    async def test_with_nothing_left_the_money_goes_back(self, small):
        small.registry.script = ["rejected"]
        order = await paid(small, tonnes=3, stock=3)
        await small.work()
        assert await state_of(order) == OrderState.REFUNDED
        assert (await kinds(order))[-3:] == [Happened.CANCELLATION_REFUSED, Happened.REFUND_DUE, Happened.REFUNDED]


class TestABackupIsRestored:
    async def test_what_the_registry_did_since_is_found_by_reference_and_not_asked_for_again(self, small):
        """The books say "queued"; the registry has cancelled it in the minutes that were lost."""
        order = await paid(small)
        while not await Retirement.exists(order_id=order.id):
            await small.worker().run_due()
        retirement = await Retirement.get(order_id=order.id)
        assert retirement.state == RetirementState.QUEUED
        await small.registry.submit(request_of(retirement))
        small.clock.advance(timedelta(minutes=15))

        await small.work()

        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.requests) == 1
