"""How often a registry is asked, when it is looked up before anything is sent, and how a person ends a retirement."""

from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.orders.timeline import Happened, events_of
from marketplace.outbox.models import Job
from marketplace.registries.gateway import CancellationReport, CancellationState
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import a_listing, an_order

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def queued(small) -> Retirement:
    """A retirement that is written and not sent."""
    order = await an_order(small, await a_listing(small))
    await small.deliver(small.payments.pay(order.checkout_session))
    while not await Retirement.exists(order_id=order.id):
        await small.worker().run_due()
    return await Retirement.get(order_id=order.id)


async def paused(small, retirement) -> timedelta | None:
    return await retirements.advance(small.market, retirement.id)


class TestThePauseIsATenthOfTheAge:
    async def test_of_a_registry_that_is_closed_between_five_seconds_and_ten_minutes(self, small):
        small.registry.script = ["closed"] * 4
        retirement = await queued(small)
        assert await paused(small, retirement) == 5 * SECOND
        small.clock.advance(100 * SECOND)
        assert await paused(small, retirement) == 10 * SECOND
        small.clock.advance(timedelta(days=1))
        assert await paused(small, retirement) == 10 * MINUTE

    async def test_of_a_decision_that_takes_its_time_from_one_second(self, small):
        small.registry.script = ["pending"]
        retirement = await queued(small)
        assert await paused(small, retirement) == SECOND

        async def later(reference):
            return CancellationReport(reference, CancellationState.PENDING, look_again_after=3 * MINUTE)

        small.registry.look_up = later
        assert await paused(small, retirement) == 3 * MINUTE


class TestARequestThatHasWaited:
    @pytest.mark.parametrize(("minutes", "looked_up"), [(5, False), (6, True)])
    async def test_for_more_than_five_minutes_is_looked_up_before_it_is_sent(self, small, minutes, looked_up):
        asked, look_up = [], small.registry.look_up

        async def listen(reference):
            asked.append(reference)
            return await look_up(reference)

        small.registry.look_up = listen
        retirement = await queued(small)
        small.clock.advance(minutes * MINUTE)
        assert await paused(small, retirement) is None
        assert asked == [retirement.reference] * looked_up
        assert len(small.registry.requests) == 1


class TestARetirementThatStopped:
    async def test_is_ended_by_a_person_once_and_replaced(self, small):
        small.registry.script = ["refused"]
        retirement = await queued(small)
        assert not await given_up(small, retirement)
        assert await paused(small, retirement) is None
        assert await paused(small, retirement) is None
        assert (await Retirement.get(id=retirement.id)).review_reason == "registry_refused_request"

        assert await given_up(small, retirement)
        ended = await Retirement.get(id=retirement.id)
        assert (ended.state, ended.rejection_reason, ended.review_reason) == (
            RetirementState.REJECTED,
            "not_taken_by_the_registry",
            None,
        )
        assert (await events_of(retirement.order_id))[-1].kind == Happened.CANCELLATION_REFUSED
        assert await Job.filter(kind="order.replace_refused").count() == 1
        assert not await given_up(small, retirement)


async def given_up(small, retirement) -> bool:
    return await run_tx(lambda tx: retirements.given_up(tx, retirement.id, now=small.clock()))
