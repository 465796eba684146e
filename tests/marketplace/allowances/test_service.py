"""All processes together never allow more than the policy."""

import asyncio
from datetime import timedelta

import pytest
from tortoise import connections

from marketplace.allowances.service import Allowances, Policy
from tests.fakes.clock import SettableClock

POLICY = Policy("things", 100, timedelta(minutes=1))


@pytest.fixture
def clock(db):
    return SettableClock()


async def allowed(processes, clock, times, *, policy=POLICY, caller="a"):
    standings = [await processes[n % len(processes)].spend(policy, caller, now=clock()) for n in range(times)]
    return sum(standing.allowed for standing in standings)


class TestACaller:
    async def test_may_use_the_whole_allowance_and_no_more(self, clock):
        assert await allowed([Allowances()], clock, 150) == 100

    async def test_gets_a_new_one_in_the_next_window(self, clock):
        processes = [Allowances()]
        await allowed(processes, clock, 150)
        clock.advance(timedelta(minutes=1))
        assert await allowed(processes, clock, 150) == 100

    async def test_does_not_use_up_that_of_another(self, clock):
        processes = [Allowances()]
        await allowed(processes, clock, 150)
        assert await allowed(processes, clock, 10, caller="b") == 10

    async def test_sees_what_is_left_and_until_when(self, clock):
        clock.advance(timedelta(seconds=15))
        process = Allowances()
        standings = [await process.spend(POLICY, "a", now=clock()) for _ in range(101)]
        assert [standing.remaining for standing in standings] == [*range(99, -1, -1), 0]
        assert standings[0].resets_in == timedelta(seconds=45)

    async def test_may_use_a_small_allowance_wholly(self, clock):
        small = Policy("few", 3, timedelta(hours=1))
        assert await allowed([Allowances()], clock, 10, policy=small) == 3

    async def test_may_use_an_allowance_that_portions_do_not_divide(self, clock):
        odd = Policy("odd", 59, timedelta(hours=1))
        assert await allowed([Allowances()], clock, 100, policy=odd) == 59


class TestSeveralProcesses:
    async def test_share_one_allowance(self, clock):
        assert await allowed([Allowances(), Allowances(), Allowances()], clock, 300) == 100

    async def test_share_it_at_the_same_moment_too(self, clock):
        processes = [Allowances() for _ in range(5)]
        uses = [process.spend(POLICY, "a", now=clock()) for _ in range(60) for process in processes]
        assert sum(standing.allowed for standing in await asyncio.gather(*uses)) <= 100


class TestThePast:
    async def test_is_forgotten(self, clock):
        process = Allowances()
        for _ in range(3):
            await allowed([process], clock, 5)
            await allowed([process], clock, 5, caller="b")
            clock.advance(timedelta(minutes=1))
        rows = await connections.get("default").execute_query_dict("SELECT DISTINCT window_number FROM allowance")
        assert len(rows) == 1
