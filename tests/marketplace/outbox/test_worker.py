import asyncio
from datetime import timedelta

from marketplace.database.transactions import run_tx
from marketplace.outbox import service as outbox
from marketplace.outbox.models import Job
from marketplace.outbox.worker import Together, Worker
from tests.fakes.clock import SettableClock


async def put(clock, kind="work", key="k", **payload) -> None:
    await run_tx(lambda tx: outbox.add(tx, kind, key, payload, at=clock()))


class TestAJobRunsUntilItIsDone:
    async def test_the_same_reason_never_makes_two_jobs(self, db):
        clock = SettableClock()
        await put(clock)
        await put(clock)
        assert await Job.all().count() == 1

    async def test_a_failing_job_is_tried_again_with_growing_pauses_and_then_parked(self, db):
        clock, tried = SettableClock(), []

        async def fail(_):
            tried.append(clock())
            raise RuntimeError("no")

        await put(clock)
        worker = Worker({"work": fail}, clock=clock)
        for _ in range(2_000):
            await worker.run_due()
            clock.advance(timedelta(seconds=30))
        assert len(tried) == outbox.ATTEMPTS_BEFORE_PARKING
        job = await Job.get(key="k")
        assert job.parked_at is not None
        assert "RuntimeError: no" in job.error

        assert await outbox.release_parked(job.id, now=clock())
        await worker.run_due()
        assert len(tried) == outbox.ATTEMPTS_BEFORE_PARKING + 1

    async def test_a_poison_job_does_not_hold_up_the_others(self, db):
        clock, done = SettableClock(), []

        async def handle(payload):
            if payload["number"] == 0:
                raise RuntimeError("poison")
            done.append(payload["number"])

        for number in range(20):
            await put(clock, key=str(number), number=number)
        worker = Worker({"work": handle}, clock=clock)
        while await worker.run_due():
            pass
        assert sorted(done) == list(range(1, 20))

    async def test_a_lost_lease_is_taken_over_and_its_old_holder_changes_nothing(self, db):
        clock = SettableClock()
        await put(clock)
        first = (await outbox.lease(1, timedelta(seconds=20), now=clock()))[0]
        assert await outbox.lease(1, timedelta(seconds=20), now=clock()) == []
        clock.advance(timedelta(seconds=21))
        second = (await outbox.lease(1, timedelta(seconds=20), now=clock()))[0]

        await outbox.finish([first], now=clock())
        assert (await Job.get(key="k")).done_at is None
        await outbox.finish([second], now=clock())
        assert (await Job.get(key="k")).done_at is not None

    async def test_many_workers_at_once_run_each_job_once(self, db):
        clock, ran = SettableClock(), []

        async def handle(payload):
            ran.append(payload["number"])

        for number in range(40):
            await put(clock, key=str(number), number=number)
        workers = [Worker({"work": handle}, clock=clock, at_once=3) for _ in range(4)]

        async def drain(worker):
            while await worker.run_due():
                pass

        await asyncio.gather(*map(drain, workers))
        assert sorted(ran) == list(range(40))

    async def test_a_slow_job_holds_up_no_other(self, db):
        clock, done, stop, slow_may_end = SettableClock(), [], asyncio.Event(), asyncio.Event()

        async def handle(payload):
            if payload["number"] == 0:
                await slow_may_end.wait()
            done.append(payload["number"])
            if len(done) == 30:
                slow_may_end.set()
            if len(done) == 31:
                stop.set()

        for number in range(31):
            await put(clock, key=str(number), number=number)
        async with asyncio.timeout(20):
            await Worker({"work": handle}, clock=clock, at_once=4).run(stop)
        assert done[-1] == 0
        assert sorted(done) == list(range(31))

    async def test_a_worker_that_stops_ends_what_it_has_begun(self, db):
        clock, done, stop = SettableClock(), [], asyncio.Event()

        async def handle(payload):
            stop.set()
            await asyncio.sleep(0)
            done.append(payload["number"])

        for number in range(3):
            await put(clock, key=str(number), number=number)
        await Worker({"work": handle}, clock=clock).run(stop)
        assert sorted(done) == [0, 1, 2]
        assert await Job.filter(done_at__isnull=True).count() == 0

    async def test_a_job_that_asks_to_wait_is_looked_at_again_then(self, db):
        clock, looks = SettableClock(), []

        async def wait_once(_):
            looks.append(clock())
            return timedelta(minutes=5) if len(looks) == 1 else None

        await put(clock)
        worker = Worker({"work": wait_once}, clock=clock)
        await worker.run_due()
        await worker.run_due()
        assert len(looks) == 1
        clock.advance(timedelta(minutes=5))
        await worker.run_due()
        assert len(looks) == 2
        assert (await Job.get(key="k")).done_at is not None

    async def test_what_is_done_is_noted_with_the_next_lease(self, db):
        clock = SettableClock()
        for number in range(5):
            await put(clock, key=str(number))
        first = await outbox.lease(3, timedelta(seconds=20), now=clock())
        second = await outbox.lease(5, timedelta(seconds=20), now=clock(), done=first)
        assert {job.id for job in second}.isdisjoint(job.id for job in first)
        assert await Job.filter(done_at__isnull=False).count() == len(first) == 3
        assert len(second) == 2

    async def test_jobs_that_end_while_one_goes_on_are_noted_long_before_their_lease_ends(self, db):
        clock, stop, slow_may_end = SettableClock(), asyncio.Event(), asyncio.Event()

        async def handle(payload):
            if payload["slow"]:
                await slow_may_end.wait()

        for number in range(8):
            await put(clock, key=str(number), slow=number < 6)
        running = asyncio.create_task(Worker({"work": handle}, clock=clock, at_once=8).run(stop))
        async with asyncio.timeout(20):
            while await Job.filter(done_at__isnull=False).count() < 2:  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.05)
        slow_may_end.set()
        stop.set()
        await running
        assert await Job.filter(done_at__isnull=True).count() == 0


class TestJobsOfAKindMayRunTogether:
    """`many` gets what is due at once; `one` gets what it leaves."""

    async def test_what_is_due_at_once_is_handed_over_at_once(self, db):
        clock, together, alone = SettableClock(), [], []
        await self._work(clock, self._handler(together, alone), jobs=5)
        assert [sorted(numbers) for numbers in together] == [[0, 1, 2, 3, 4]]
        assert alone == []
        assert await Job.filter(done_at__isnull=True).count() == 0

    async def test_a_single_one_goes_alone(self, db):
        clock, together, alone = SettableClock(), [], []
        await self._work(clock, self._handler(together, alone), jobs=1)
        assert (together, alone) == ([], [0])

    async def test_what_is_left_runs_one_by_one(self, db):
        clock, together, alone = SettableClock(), [], []
        await self._work(clock, self._handler(together, alone, leave={1, 3}), jobs=5)
        assert len(together) == 1
        assert sorted(alone) == [1, 3]
        assert await Job.filter(done_at__isnull=True).count() == 0

    async def test_a_poison_job_among_them_holds_up_none_of_the_others_and_draws_them_in_once(self, db):
        clock, together, alone = SettableClock(), [], []
        handler = self._handler(together, alone, poison={2})
        await self._work(clock, handler, jobs=5)
        assert sorted(alone) == [0, 1, 3, 4]
        poisoned = await Job.get(done_at__isnull=True)
        assert (poisoned.key, poisoned.attempts) == ("2", 1)
        assert "poison" in poisoned.error

        clock.advance(timedelta(minutes=1))
        await put(clock, key="5", number=5)
        await put(clock, key="6", number=6)
        while await Worker({"work": handler}, clock=clock).run_due():
            pass
        assert sorted(together[1]) == [5, 6]
        assert (await Job.get(done_at__isnull=True)).attempts == 2

    async def test_what_takes_too_long_together_still_has_time_one_by_one(self, db):
        clock, alone = SettableClock(), []

        async def never(_):
            await asyncio.Event().wait()

        async def one(payload):
            alone.append(payload["number"])

        await self._work(clock, Together(one, never), jobs=3, lease=timedelta(seconds=1))
        assert sorted(alone) == [0, 1, 2]
        assert await Job.filter(done_at__isnull=True).count() == 0

    @staticmethod
    def _handler(together, alone, leave=frozenset(), poison=frozenset()) -> Together:
        async def one(payload):
            if payload["number"] in poison:
                raise RuntimeError("poison")
            alone.append(payload["number"])

        async def many(payloads):
            numbers = {payload["number"] for payload in payloads}
            together.append(numbers)
            if numbers & poison:
                raise RuntimeError("poison")
            return [payload for payload in payloads if payload["number"] in leave]

        return Together(one, many)

    @staticmethod
    async def _work(clock, handler, *, jobs, **settings) -> None:
        for number in range(jobs):
            await put(clock, key=str(number), number=number)
        await Worker({"work": handler}, clock=clock, **settings).run_due()
