"""What has stopped is seen by operators, told to them once, and goes on only by an act with a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.accounts.actor import CONSOLE
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.mail.models import Mail
from marketplace.operations import alarms, attention, service
from marketplace.operations.service import NothingToRunAgain, RegistryMayHaveActed
from marketplace.orders import service as orders
from marketplace.orders.states import OrderState
from marketplace.outbox.models import Job
from marketplace.outbox.worker import Worker
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.builders.market import OPERATOR_MAIL, a_listing, an_order

WHY = "called the registry, see ticket 7"


async def paid(small, *, stock=100):
    order = await an_order(small, await a_listing(small, tonnes=stock))
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


async def state_of(order) -> str:
    return (await orders.find(order.id)).state


class TestAPoisonJob:
    async def parked(self, small, *, others=0):
        """A job that always fails, beside `others` that do not."""
        done: list[int] = []

        async def poison(payload):
            raise LookupError("the cause")

        async def fine(payload):
            done.append(payload["number"])

        worker = Worker({"poison": poison, "fine": fine}, clock=small.clock)
        await Job.create(id="job_p", kind="poison", key="p", payload="{}", run_at=small.clock(), attempts=0)
        for number in range(others):
            await Job.create(
                id=f"job_{number}",
                kind="fine",
                key=str(number),
                payload=f'{{"number": {number}}}',
                run_at=small.clock(),
                attempts=0,
            )
        for _ in range(60):
            while await worker.run_due():
                pass
            small.clock.advance(timedelta(minutes=10))
        return done

    async def test_is_parked_after_twenty_attempts_with_a_reason_and_holds_up_nobody(self, small):
        done = await self.parked(small, others=30)
        assert sorted(done) == list(range(30))
        job = await Job.get(id="job_p")
        assert (job.attempts, job.error) == (20, "LookupError: the cause")
        assert [one.id for one in (await attention.needed()).parked] == ["job_p"]

    async def test_is_told_to_operators_once(self, small):
        await self.parked(small)
        assert [await alarms.raise_due(small.market) for _ in range(3)] == [1, 0, 0]
        await Job.filter(id="job_p").delete()
        await small.work()
        (mail,) = await Mail.filter(recipient=OPERATOR_MAIL)
        assert mail.message == "operator_parked"
        assert "the cause" in mail.body

    async def test_runs_again_by_an_act_with_a_reason(self, small):
        await self.parked(small)
        with pytest.raises(ReasonMissing):
            await service.run_again(small.market, CONSOLE, "job_p", " ")
        await service.run_again(small.market, CONSOLE, "job_p", WHY)
        assert (await attention.needed()).nothing
        assert (await AuditEntry.get(subject="job_p")).reason == WHY
        with pytest.raises(NothingToRunAgain):
            await service.run_again(small.market, CONSOLE, "job_p", WHY)


class TestAnOutcomeThatStaysUnknown:
    async def test_is_seen_at_once_and_told_after_a_while_once(self, small):
        small.registry.script = ["lost_before"] * 1_000
        order = await paid(small)
        await small.work_for(timedelta(minutes=1))
        assert len((await attention.needed()).unknown) == 1
        assert await alarms.raise_due(small.market) == 0

        await small.work_for(attention.UNKNOWN_FOR_LONG, step=timedelta(minutes=1))
        assert [await alarms.raise_due(small.market) for _ in range(2)] == [1, 0]
        small.registry.script = []
        await small.work_for(timedelta(minutes=15), step=timedelta(minutes=1))
        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.requests) == 1


class TestARetirementThatStoppedForAPerson:
    async def stopped(self, small, **stock):
        small.registry.script = ["refused"]
        order = await paid(small, **stock)
        await small.work()
        (retirement,) = (await attention.needed()).reviewed
        return order, retirement

    async def test_is_asked_again_and_goes_on(self, small):
        order, retirement = await self.stopped(small)
        await service.ask_again(small.market, CONSOLE, retirement.id, WHY)
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED
        with pytest.raises(NothingToRunAgain):
            await service.ask_again(small.market, CONSOLE, retirement.id, WHY)

    async def test_is_given_up_when_the_registry_has_never_seen_it(self, small):
        order, retirement = await self.stopped(small)
        await service.give_up(small.market, CONSOLE, retirement.id, WHY)
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED
        assert (await Retirement.get(id=retirement.id)).state == RetirementState.REJECTED
        assert len(small.registry.requests) == 1

    async def test_with_nothing_else_to_cancel_the_money_goes_back(self, small):
        order, retirement = await self.stopped(small, stock=3)
        await service.give_up(small.market, CONSOLE, retirement.id, WHY)
        await small.work()
        assert await state_of(order) == OrderState.REFUNDED

    async def test_is_never_given_up_when_the_registry_may_have_acted(self, small):
        small.registry.change_notice = lambda notice: replace(notice, credit_user="another")
        order = await paid(small)
        await small.work()
        (retirement,) = (await attention.needed()).reviewed
        with pytest.raises(RegistryMayHaveActed):
            await service.give_up(small.market, CONSOLE, retirement.id, WHY)
        assert await state_of(order) == OrderState.RETIRING
