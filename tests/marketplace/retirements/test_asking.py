"""How often a registry is asked, what is made of its answers, and how a person ends a retirement."""

from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.orders.cancellation import cancel
from marketplace.orders.timeline import Happened, events_of
from marketplace.outbox.models import Job
from marketplace.registries.gateway import CancellationReport, CancellationState, RequestRefused
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import a_listing, an_order

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# what does not depend on the database is tried on one of them
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def queued(small) -> Retirement:
    """A retirement that is written and not sent."""
    order = await an_order(small, await a_listing(small))
    await small.deliver(small.payments.pay(order.checkout_session))
    while not await Retirement.exists(order_id=order.id):
        await small.worker().run_due()
    return await Retirement.get(order_id=order.id)


async def paused(small, retirement) -> timedelta | None:
    return await retirements.advance(small.market, retirement.id)


async def now(retirement) -> Retirement:
    return await Retirement.get(id=retirement.id)


async def kinds(retirement) -> list[str]:
    return [event.kind for event in await events_of(retirement.order_id)]


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

    async def test_and_was_taken_back_while_the_registry_was_asked_is_never_sent(self, small):
        retirement = await queued(small)
        small.clock.advance(6 * MINUTE)

        async def meanwhile(_):
            await cancel(small.market, retirement.order_id)

        small.registry.look_up = meanwhile
        with pytest.raises(MoveNotAllowed, match="no longer queued"):
            await paused(small, retirement)
        assert small.registry.requests == []
        assert (await now(retirement)).state == RetirementState.REJECTED


@on_sqlite
class TestAnAnswer:
    @pytest.mark.parametrize("by_hand", [False, True])
    async def test_that_is_not_decided_yet_is_told_unless_people_work_there(self, small, by_hand):
        small.registry.by_hand = lambda account: by_hand
        small.registry.script = ["pending"]
        retirement = await queued(small)
        await paused(small, retirement)
        told = [Happened.AT_THE_DESK] if by_hand else [Happened.CANCELLATION_REQUESTED, Happened.REGISTRY_WAITING]
        assert (await kinds(retirement))[-len(told) :] == told

    async def test_that_was_lost_is_told_and_what_is_sent_anew_is_known_to_be_sent(self, small):
        small.registry.script = ["lost_before", "pending"]
        retirement = await queued(small)
        await paused(small, retirement)
        assert (await now(retirement)).state == RetirementState.UNKNOWN
        assert (await kinds(retirement))[-1] == Happened.REGISTRY_ANSWER_UNKNOWN
        await paused(small, retirement)
        assert (await now(retirement)).state == RetirementState.SUBMITTED

    async def test_that_refuses_what_arrived_late_is_not_believed(self, small):
        small.registry.script = ["arrives_late"]
        retirement = await queued(small)
        await paused(small, retirement)
        assert (await now(retirement)).state == RetirementState.UNKNOWN
        await paused(small, retirement)
        confirmed = await now(retirement)
        assert (confirmed.state, confirmed.notice_number) == (RetirementState.CONFIRMED, "N-1")

    async def test_that_refuses_what_was_sent_anew_stands_if_nothing_arrived(self, small):
        small.registry.script = ["lost_before", "rejected"]
        retirement = await queued(small)
        await paused(small, retirement)
        await paused(small, retirement)
        ended = await now(retirement)
        assert (ended.state, ended.rejection_reason) == (RetirementState.REJECTED, "account_frozen")

    @pytest.mark.parametrize(("given", "kept"), [("account_frozen", "account_frozen"), (None, "no_reason_given")])
    async def test_that_refuses_what_nobody_knew_the_end_of_is_kept_with_its_reason(self, small, given, kept):
        small.registry.script = ["lost_before"]
        retirement = await queued(small)
        await paused(small, retirement)
        refused = CancellationReport(retirement.reference, CancellationState.REJECTED, rejection_reason=given)
        small.registry.reports[retirement.reference] = refused
        assert await paused(small, retirement) is None
        ended = await now(retirement)
        assert (ended.state, ended.rejection_reason) == (RetirementState.REJECTED, kept)

    async def test_that_confirms_without_a_notice_stops_for_a_person(self, small):
        retirement = await queued(small)

        async def without(request):
            return CancellationReport(request.reference, CancellationState.CONFIRMED)

        small.registry.submit = without
        assert await paused(small, retirement) is None
        stopped = await now(retirement)
        assert (stopped.state, stopped.review_reason) == (RetirementState.SUBMITTED, "notice_missing")
        assert (await kinds(retirement))[-1] == Happened.UNDER_REVIEW


class TestARetirementThatStopped:
    async def test_is_ended_by_a_person_once_and_replaced(self, small):
        small.registry.script = ["refused"]
        retirement = await queued(small)
        assert not await given_up(small, retirement)
        assert await paused(small, retirement) is None
        assert await paused(small, retirement) is None
        assert (await now(retirement)).review_reason == "registry_refused_request"

        assert await given_up(small, retirement)
        ended = await now(retirement)
        assert (ended.state, ended.rejection_reason, ended.review_reason) == (
            RetirementState.REJECTED,
            "not_taken_by_the_registry",
            None,
        )
        assert (await kinds(retirement))[-1] == Happened.CANCELLATION_REFUSED
        assert await Job.filter(kind="order.replace_refused").count() == 1
        assert not await given_up(small, retirement)

    @on_sqlite
    async def test_before_it_was_sent_ends_in_the_moment_in_which_it_would_have_been(self, small):
        retirement = await queued(small)
        small.clock.advance(6 * MINUTE)

        async def refuse(_):
            raise RequestRefused(401, "unauthorised", None)

        small.registry.look_up = refuse
        assert await paused(small, retirement) is None
        assert (await now(retirement)).state == RetirementState.QUEUED
        assert await given_up(small, retirement)
        ended = await now(retirement)
        assert (ended.state, ended.submitted_at) == (RetirementState.REJECTED, small.clock())


async def given_up(small, retirement) -> bool:
    return await run_tx(lambda tx: retirements.given_up(tx, retirement.id, now=small.clock()))
