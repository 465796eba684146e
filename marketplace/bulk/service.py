"""Take an activity file, so that a worker computes it later, and hand out what came of it.

Pages and workers may run on different machines, so a file travels through the database, in pieces of a megabyte; it is deleted as
soon as it has been computed. Sums and refused rows are kept for a while, at an address that cannot be guessed.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Protocol

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from marketplace.bulk.errors import BulkFileTooLarge, BulkRunNotFound, TooManyBulkRuns
from marketplace.bulk.models import UNDER_WAY, BulkFile, BulkRun, BulkState
from marketplace.clock import Clock
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id, new_token
from marketplace.outbox import service as outbox

ADVANCE = "bulk.advance"
LARGEST = 100_000_000
PIECE = 1_000_000
KEPT_FOR = timedelta(days=30)
# A file is there within minutes or not at all.
ARRIVES_WITHIN = timedelta(hours=1)
# Each may have a hundred megabytes in the database until it is computed.
MOST_UNDER_WAY = 10


class Source(Protocol):
    """An uploaded file, read from its beginning; `size` in bytes."""

    size: int | None
    filename: str | None

    async def read(self, size: int) -> bytes: ...


async def receive(file: Source, *, organisation_id: str | None, clock: Clock) -> str:
    """Store the file and announce the job; returns the id of the run. Raises BulkFileTooLarge, TooManyBulkRuns."""
    now = clock()
    size = file.size or 0
    if size > LARGEST:
        raise BulkFileTooLarge(f"{size} bytes", most=LARGEST // 1_000_000)
    if await BulkRun.filter(state__in=UNDER_WAY).count() >= MOST_UNDER_WAY:
        raise TooManyBulkRuns(f"{MOST_UNDER_WAY} files are under way", most=MOST_UNDER_WAY)
    run = await BulkRun.create(
        id=f"{new_id('bulk', now)}{new_token()}",
        organisation_id=organisation_id,
        file_name=PurePath(file.filename or "").name[:200],
        bytes=size,
        state=BulkState.RECEIVING,
        received_at=now,
        expires_at=now + KEPT_FOR,
    )
    number = 0
    while content := await file.read(PIECE):
        await add_piece(run.id, BulkFile.SOURCE, number, content)
        number += 1

    async def complete(tx: BaseDBAsyncClient) -> None:
        await BulkRun.filter(id=run.id).using_db(tx).update(state=BulkState.WAITING)
        await outbox.add(tx, ADVANCE, f"{ADVANCE}:{run.id}", {"run_id": run.id}, at=clock())

    await run_tx(complete)
    return run.id


async def find(run_id: str, *, now: datetime) -> BulkRun:
    """Raises BulkRunNotFound."""
    run = await BulkRun.get_or_none(id=run_id, expires_at__gt=now)
    if run is None:
        raise BulkRunNotFound(f"no bulk run {run_id}", run_id=run_id)
    return run


async def runs_of(organisation_id: str, *, now: datetime, limit: int) -> Sequence[BulkRun]:
    """The newest first."""
    found = BulkRun.filter(organisation_id=organisation_id, expires_at__gt=now)
    return await found.order_by("-id").limit(limit)


async def add_piece(run_id: str, file: BulkFile, number: int, content: bytes) -> None:
    async def write(tx: BaseDBAsyncClient) -> None:
        statement = "INSERT INTO bulk_piece (run_id, file, number, content) VALUES (?, ?, ?, ?)"
        await tx.execute_query(sql(tx, statement), [run_id, file.value, number, content])

    await run_tx(write)


async def pieces(run_id: str, file: BulkFile) -> AsyncIterator[bytes]:
    """The content of a file, a piece at a time; nothing for one that is not there."""
    connection = get_connection("default")
    statement = sql(connection, "SELECT content FROM bulk_piece WHERE run_id = ? AND file = ? AND number = ?")
    number = 0
    while True:
        rows = await connection.execute_query_dict(statement, [run_id, file.value, number])
        if not rows:
            return
        yield bytes(rows[0]["content"])
        number += 1


async def drop(run_id: str, file: BulkFile) -> None:
    async def delete(tx: BaseDBAsyncClient) -> None:
        await tx.execute_query(sql(tx, "DELETE FROM bulk_piece WHERE run_id = ? AND file = ?"), [run_id, file.value])

    await run_tx(delete)


async def forget_old(clock: Clock) -> None:
    """Runs that are kept no longer, and files that never arrived."""
    await BulkRun.filter(expires_at__lte=clock()).delete()
    await BulkRun.filter(state=BulkState.RECEIVING, received_at__lte=clock() - ARRIVES_WITHIN).delete()
