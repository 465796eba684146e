"""Runs due jobs. Any number of workers may run at once, and any of them may be killed at any line."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog

from marketplace.clock import Clock
from marketplace.outbox import service as outbox

log = structlog.get_logger()

PAUSE_WITHOUT_DATABASE = timedelta(seconds=1)

Handler = Callable[[dict[str, Any]], Awaitable[timedelta | None]]
"""Returns None when done, or how long to wait before looking again. Raises to be retried with growing pauses."""


class Worker:
    """`handlers` by job kind; `sweeps` run about once per `sweep_every` and find what no job announces."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        clock: Clock,
        sweeps: Mapping[str, Callable[[], Awaitable[object]]] | None = None,
        lease: timedelta = timedelta(seconds=20),
        idle: timedelta = timedelta(milliseconds=100),
        sweep_every: timedelta = timedelta(seconds=5),
        batch: int = 10,
    ) -> None:
        self._handlers, self._sweeps, self._clock = handlers, dict(sweeps or {}), clock
        self._lease, self._idle, self._sweep_every, self._batch = lease, idle, sweep_every, batch

    async def run(self, stop: asyncio.Event) -> None:
        next_sweep = self._clock()
        while not stop.is_set():
            if self._clock() >= next_sweep:
                await self._sweep()
                next_sweep = self._clock() + self._sweep_every
            try:
                pause = None if await self.run_due() else self._idle
            except Exception as error:
                # the database is away: the jobs are safe there, so wait for it instead of dying
                log.warning("cannot_lease_jobs", error=f"{type(error).__name__}: {error}")
                pause = PAUSE_WITHOUT_DATABASE
            if pause is not None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause.total_seconds())

    async def run_due(self) -> int:
        """Lease and run one batch; returns how many jobs it held."""
        jobs = await outbox.lease(self._batch, self._lease, now=self._clock())
        await asyncio.gather(*(self._run_one(job) for job in jobs))
        return len(jobs)

    async def _run_one(self, job: outbox.LeasedJob) -> None:
        logger = log.bind(job=job.id, kind=job.kind, attempt=job.attempts)
        try:
            # Well inside the lease, so that a slow job is given up before another worker may take it.
            async with asyncio.timeout(self._lease.total_seconds() * 0.8):
                pause = await self._handlers[job.kind](job.payload)
        except Exception as error:
            logger.warning("job_failed", error=f"{type(error).__name__}: {error}")
            await outbox.failed(job, f"{type(error).__name__}: {error}", now=self._clock())
            return
        if pause is None:
            await outbox.finish(job, now=self._clock())
            logger.info("job_done")
        else:
            await outbox.again(job, at=self._clock() + pause)

    async def _sweep(self) -> None:
        for name, sweep in self._sweeps.items():
            try:
                await sweep()
            except Exception as error:
                log.warning("sweep_failed", sweep=name, error=f"{type(error).__name__}: {error}")
