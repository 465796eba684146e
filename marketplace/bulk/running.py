"""Compute a received file in a process of its own, however long it takes, and survive the death of whoever computes.

A job is given up after some seconds, and a file may take minutes. So the job only looks whether somebody computes: a worker that
does renews a mark on the run; if the mark has run out, whoever looks starts anew.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F, Q

from marketplace.bulk import service
from marketplace.bulk.models import UNDER_WAY, BulkFile, BulkRun, BulkState
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_token
from marketplace.market import Market
from offset_calc.bulk.files import REJECTED, RESULT, TOTALS

log = structlog.get_logger()

LOOK_AGAIN = timedelta(seconds=1)
MARK_LASTS = timedelta(seconds=30)
RENEW_EVERY_SECONDS = 10.0
LONGEST_SECONDS = 900.0
MOST_ATTEMPTS = 3
# What is kept of refused rows or of sums by place; a file of wrong rows only is not worth more.
MOST_KEPT_BYTES = 20_000_000

_computing: set[asyncio.Task[None]] = set()


async def advance(market: Market, run_id: str) -> timedelta | None:
    """Job: see to it that somebody computes the run; safe to repeat, and to run twice at once."""
    run = await BulkRun.get_or_none(id=run_id)
    if run is None or run.state not in UNDER_WAY:
        return None
    now = market.clock()
    if run.worked_on_until is not None and run.worked_on_until > now:
        return LOOK_AGAIN
    if run.attempts >= MOST_ATTEMPTS:
        await _end(run_id, run.token, BulkState.FAILED, None, clock=market.clock)
        return None
    token = new_token()
    free = Q(worked_on_until__isnull=True) | Q(worked_on_until__lte=now)
    taken = await BulkRun.filter(free, id=run_id, state__in=UNDER_WAY, attempts=run.attempts).update(
        state=BulkState.RUNNING,
        started_at=run.started_at or now,
        worked_on_until=now + MARK_LASTS,
        token=token,
        attempts=F("attempts") + 1,
    )
    if taken:
        task = asyncio.create_task(_compute(run_id, token, market.clock))
        _computing.add(task)
        task.add_done_callback(_computing.discard)
    return LOOK_AGAIN


async def all_computed() -> None:
    """Wait until nothing is computed in this process any more."""
    while _computing:
        await asyncio.gather(*_computing)


async def _compute(run_id: str, token: str, clock: Clock) -> None:
    """Whatever fails here leaves the mark to run out, so that the job starts anew, a few times."""
    try:
        with TemporaryDirectory(prefix="bulk-") as name:
            folder = Path(name)
            await asyncio.gather(asyncio.to_thread((folder / "out").mkdir), _write(run_id, folder / "source.csv"))
            await _run(run_id, token, folder, clock)
            result = await asyncio.to_thread((folder / "out" / RESULT).read_text, "utf-8")
            if "refused" in json.loads(result):
                await _end(run_id, token, BulkState.REFUSED, result, clock=clock)
                return
            for file, path in ((BulkFile.TOTALS, TOTALS), (BulkFile.REJECTED, REJECTED)):
                await _keep(run_id, file, folder / "out" / path)
            await _end(run_id, token, BulkState.DONE, result, clock=clock)
    except Exception:
        log.exception("bulk_run_failed", run=run_id)
        await BulkRun.filter(id=run_id, token=token).update(worked_on_until=clock())


async def _write(run_id: str, path: Path) -> None:
    with path.open("wb") as source:
        async for piece in service.pieces(run_id, BulkFile.SOURCE):
            await asyncio.to_thread(source.write, piece)


async def _run(run_id: str, token: str, folder: Path, clock: Clock) -> None:
    """In a process of its own: it may use up memory, and nothing else suffers. Raises RuntimeError, TimeoutError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "offset_calc.bulk", str(folder / "source.csv"), str(folder / "out")
    )
    renewing = asyncio.create_task(_renew(run_id, token, clock))
    try:
        await asyncio.wait_for(process.wait(), LONGEST_SECONDS)
    finally:
        renewing.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if not (folder / "out" / RESULT).exists():
        raise RuntimeError(f"the computation ended with code {process.returncode} and without a result")


async def _renew(run_id: str, token: str, clock: Clock) -> None:
    while True:
        await asyncio.sleep(RENEW_EVERY_SECONDS)
        await BulkRun.filter(id=run_id, token=token).update(worked_on_until=clock() + MARK_LASTS)


async def _keep(run_id: str, file: BulkFile, path: Path) -> None:
    """At most MOST_KEPT_BYTES of it, up to the end of a line; what an earlier attempt left is replaced."""
    await service.drop(run_id, file)
    number = 0
    async for piece in _read(path):
        await service.add_piece(run_id, file, number, piece)
        number += 1


async def _read(path: Path) -> AsyncIterator[bytes]:
    left = MOST_KEPT_BYTES
    with path.open("rb") as content:
        while left > 0 and (piece := await asyncio.to_thread(content.read, min(service.PIECE, left))):
            left -= len(piece)
            yield piece if left > 0 else piece[: piece.rfind(b"\n") + 1]


async def _end(run_id: str, token: str | None, state: BulkState, result: str | None, *, clock: Clock) -> None:
    """Only whoever still holds the run ends it; the file itself is not needed any more."""

    async def work(tx: BaseDBAsyncClient) -> int:
        held = BulkRun.filter(id=run_id, token=token, state__in=UNDER_WAY).using_db(tx)
        return await held.update(state=state, result=result, finished_at=clock(), worked_on_until=None)

    if await run_tx(work):
        await service.drop(run_id, BulkFile.SOURCE)
