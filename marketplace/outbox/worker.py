"""Runs due jobs. Any number of workers may run at once, and any of them may be killed at any line."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
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

_Running = asyncio.Task[LeasedJob | None]


class Worker:
    """`handlers` by job kind; `sweeps` run about once per `sweep_every` and find what no job announces.

    At most `at_once` jobs run at a time. New ones are leased when half of the places are free, so that one slow job holds up
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
                running |= {asyncio.create_task(self._run_one(job)) for job in jobs}
            running, done = await self._until_one_is_done(running, stop, pause)
            ended += done
            # while slow jobs hold most places, what is done is noted as soon as nothing else ends
            quiet = not done
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        await outbox.finish([*ended, *(job for job in outcomes if isinstance(job, LeasedJob))], now=self._clock())

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
            elif (job := task.result()) is not None:
                ended.append(job)
        return running - done, ended

    async def run_due(self) -> int:
        """Lease what fits and run it to its end; returns how many jobs that were."""
        jobs = await outbox.lease(self._at_once, self._lease, now=self._clock())
        outcomes = await asyncio.gather(*(self._run_one(job) for job in jobs))
        await outbox.finish([job for job in outcomes if job is not None], now=self._clock())
        return len(jobs)

    async def _run_one(self, job: LeasedJob) -> LeasedJob | None:
        """Returns the job if it is done, which is then noted together with others; any other outcome is written at once."""
        logger = log.bind(job=job.id, kind=job.kind, attempt=job.attempts)
        try:
            # Well inside the lease, so that a slow job is given up before another worker may take it.
            async with asyncio.timeout(self._lease.total_seconds() * 0.8):
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
