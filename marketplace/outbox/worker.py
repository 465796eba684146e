"""Runs due jobs. Any number of workers may run at once, and any of them may be killed at any line."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from marketplace.clock import Clock
from marketplace.outbox import service as outbox
from marketplace.outbox.service import LeasedJob

log = structlog.get_logger()

LEASE = timedelta(seconds=20)
PAUSE_WITHOUT_DATABASE = timedelta(seconds=1)

Handler = Callable[[dict[str, Any]], Awaitable[timedelta | None]]
"""Returns None when done, or how long to wait before looking again. Raises to be retried with growing pauses."""

Payloads = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Together:
    """A handler that is given several jobs of its kind at once where several are due: `many` does what it can of them in few
    transactions, and returns those that it leaves for `one`. Should it fail, each of them is run by `one`."""

    one: Handler
    many: Callable[[Payloads], Awaitable[Payloads]]

    async def __call__(self, payload: dict[str, Any]) -> timedelta | None:
        return await self.one(payload)


_Running = asyncio.Task[list[LeasedJob]]
# of the time that a job has: what fails together is still to be run one by one
_FOR_ALL_TOGETHER, _FOR_EACH = 0.3, 0.8


class Worker:
    """`handlers` by job kind; `sweeps` run about once per `sweep_every` and find what no job announces.

    At most `at_once` jobs run at a time, those that run together counting as one. New ones are leased when half of the places are free, so that one slow job holds up
    no other and a lease is not taken for each job alone. The same transaction notes which ones are done since the last.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        clock: Clock,
        sweeps: Mapping[str, Callable[[], Awaitable[object]]] | None = None,
        lease: timedelta = LEASE,
        idle: timedelta = timedelta(milliseconds=100),
        sweep_every: timedelta = timedelta(seconds=5),
        at_once: int = 20,
    ) -> None:
        self._handlers, self._sweeps, self._clock = handlers, dict(sweeps or {}), clock
        self._lease, self._idle, self._sweep_every, self._at_once = lease, idle, sweep_every, at_once

    async def run(self, stop: asyncio.Event) -> None:
        next_sweep = self._clock()
        running: set[_Running] = set()
        ended: list[LeasedJob] = []
        quiet = False
        while not stop.is_set():
            if self._clock() >= next_sweep:
                await self._sweep()
                next_sweep = self._clock() + self._sweep_every
            pause = self._idle
            if len(running) <= self._at_once // 2 or (ended and quiet):
                try:
                    free = self._at_once - len(running)
                    jobs = await outbox.lease(free, self._lease, now=self._clock(), done=ended)
                    ended = []
                except Exception as error:
                    # the database is away: the jobs are safe there, so wait for it instead of dying
                    log.warning("cannot_lease_jobs", error=f"{type(error).__name__}: {error}")
                    jobs, pause = [], PAUSE_WITHOUT_DATABASE
                running |= self._begin(jobs)
            running, done = await self._until_one_is_done(running, stop, pause)
            ended += done
            # while slow jobs hold most places, what is done is noted as soon as nothing else ends
            quiet = not done
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        ended += [job for outcome in outcomes if isinstance(outcome, list) for job in outcome]
        await outbox.finish(ended, now=self._clock())

    @staticmethod
    async def _until_one_is_done(
        running: set[_Running], stop: asyncio.Event, pause: timedelta
    ) -> tuple[set[_Running], list[LeasedJob]]:
        """Wait for a job to end, for `stop`, or for the pause; returns the jobs that go on, and those to be noted as done."""
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait(
            {*running, stopping}, timeout=pause.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        stopping.cancel()
        ended = []
        for task in running & done:
            if (error := task.exception()) is not None:
                # its outcome could not be written: the lease will run out, and the job runs again
                log.warning("outcome_not_noted", error=f"{type(error).__name__}: {error}")
            else:
                ended += task.result()
        return running - done, ended

    async def run_due(self) -> int:
        """Lease what fits and run it to its end; returns how many jobs that were."""
        jobs = await outbox.lease(self._at_once, self._lease, now=self._clock())
        outcomes = await asyncio.gather(*self._begin(jobs))
        await outbox.finish([job for ended in outcomes for job in ended], now=self._clock())
        return len(jobs)

    def _begin(self, jobs: Sequence[LeasedJob]) -> set[_Running]:
        # well inside the lease, so that a slow job is given up before another worker may take it
        until = asyncio.get_running_loop().time() + self._lease.total_seconds() * _FOR_EACH
        together: dict[str, list[LeasedJob]] = defaultdict(list)
        tasks: set[_Running] = set()
        for job in jobs:
            together[job.kind].append(job)
        for kind, leased in together.items():
            # one that has failed before does not draw others into its trouble again
            new = [job for job in leased if job.attempts == 1]
            handler, alone = self._handlers.get(kind), leased
            if isinstance(handler, Together) and len(new) > 1:
                tasks.add(asyncio.create_task(self._run_together(handler, new, until)))
                alone = [job for job in leased if job.attempts > 1]
            tasks |= {asyncio.create_task(self._run_each([job], until)) for job in alone}
        return tasks

    async def _run_together(self, handler: Together, jobs: Sequence[LeasedJob], until: float) -> list[LeasedJob]:
        """As _run_each, for jobs of one kind that may run together."""
        logger = log.bind(kind=jobs[0].kind)
        try:
            async with asyncio.timeout(self._lease.total_seconds() * _FOR_ALL_TOGETHER):
                left = await handler.many([job.payload for job in jobs])
        except Exception as error:
            logger.warning("jobs_failed_together", jobs=len(jobs), error=f"{type(error).__name__}: {error}")
            left = [job.payload for job in jobs]
        alone = [job for job in jobs if job.payload in left]
        done = [job for job in jobs if job not in alone]
        if done:
            logger.info("jobs_done_together", jobs=len(done))
        return [*done, *await self._run_each(alone, until)]

    async def _run_each(self, jobs: Sequence[LeasedJob], until: float) -> list[LeasedJob]:
        """Returns the jobs that are done, which are then noted together with others; any other outcome is written at once."""
        outcomes = await asyncio.gather(*(self._run_one(job, until) for job in jobs))
        return [job for job in outcomes if job is not None]

    async def _run_one(self, job: LeasedJob, until: float) -> LeasedJob | None:
        logger = log.bind(job=job.id, kind=job.kind, attempt=job.attempts)
        try:
            async with asyncio.timeout_at(until):
                pause = await self._handlers[job.kind](job.payload)
        except Exception as error:
            logger.warning("job_failed", error=f"{type(error).__name__}: {error}")
            await outbox.failed(job, f"{type(error).__name__}: {error}", now=self._clock())
            return None
        if pause is not None:
            await outbox.again(job, at=self._clock() + pause)
            return None
        logger.info("job_done")
        return job

    async def _sweep(self) -> None:
        for name, sweep in self._sweeps.items():
            try:
                await sweep()
            except Exception as error:
                log.warning("sweep_failed", sweep=name, error=f"{type(error).__name__}: {error}")
