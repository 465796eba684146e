"""Put jobs on the table, and lease, finish, retry and park them."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from marketplace.database import rows
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_statement, run_tx
from marketplace.ids import new_id
from marketplace.outbox.models import Job

ATTEMPTS_BEFORE_PARKING = 20
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LeasedJob:
    """`token` fences the lease: a worker that lost it changes nothing any more."""

    id: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    token: str


async def add(tx: BaseDBAsyncClient, kind: str, key: str, payload: dict[str, Any], *, at: datetime) -> None:
    """Call inside the business transaction. The same `key` again changes nothing."""
    await tx.execute_query(
        sql(
            tx,
            "INSERT INTO job (id, kind, key, payload, run_at, attempts) VALUES (?, ?, ?, ?, ?, 0) "
            "ON CONFLICT (key) DO NOTHING",
        ),
        [new_id("job", at), kind, key, json.dumps(payload), at],
    )


@dataclass(frozen=True, slots=True)
class NewJob:
    """What `add` takes, for many at once. `at`: not before this moment."""

    kind: str
    key: str
    payload: dict[str, Any]
    at: datetime | None = None


async def add_all(jobs: Sequence[NewJob], *, at: datetime) -> None:
    """As add, in as few statements as the database takes."""
    await rows.insert_missing(
        *(
            Job(id=new_id("job", at), kind=job.kind, key=job.key, payload=json.dumps(job.payload), run_at=job.at or at)
            for job in jobs
        )
    )


_TAKE_DUE = """
UPDATE job SET lease_until = ?, lease_token = ?, attempts = attempts + 1 WHERE id IN (
  SELECT id FROM job WHERE done_at IS NULL AND parked_at IS NULL AND run_at <= ?
    AND (lease_until IS NULL OR lease_until < ?) ORDER BY run_at LIMIT ?
) RETURNING id, kind, payload, attempts
"""
_NOTE_DONE_POSTGRES = """
UPDATE job SET done_at = $1, lease_until = NULL, error = NULL
FROM unnest($2::text[], $3::text[]) AS ended (id, token)
WHERE job.id = ended.id AND job.lease_token = ended.token
"""
# one statement that both notes and takes; it never touches a row twice
_NOTE_AND_TAKE_POSTGRES = f"""
WITH noted AS ({_NOTE_DONE_POSTGRES})
UPDATE job SET lease_until = $4, lease_token = $5, attempts = attempts + 1 WHERE id IN (
  SELECT id FROM job WHERE done_at IS NULL AND parked_at IS NULL AND run_at <= $1
    AND (lease_until IS NULL OR lease_until < $1) AND id <> ALL ($2::text[])
  ORDER BY run_at LIMIT $6 FOR UPDATE SKIP LOCKED
) RETURNING id, kind, payload, attempts
"""  # noqa: S608 - statements of our own


async def lease(
    count: int, duration: timedelta, *, now: datetime, done: Sequence[LeasedJob] = ()
) -> Sequence[LeasedJob]:
    """Take up to `count` due jobs that nobody holds, and note which ones are `done`: one commit for all of it."""
    token, until = secrets.token_hex(16), now + duration

    async def take(tx: BaseDBAsyncClient) -> list[dict[str, Any]]:
        await _note_done(done, now=now)
        return await tx.execute_query_dict(_TAKE_DUE, [until, token, now, now, count])

    if is_postgres(get_connection("default")):
        taken = await run_statement(_NOTE_AND_TAKE_POSTGRES, [now, *_ids_and_tokens(done), until, token, count])
    else:
        # one writer at a time, who needs to skip no locks
        taken = await run_tx(take)
    return [LeasedJob(r["id"], r["kind"], json.loads(r["payload"]), r["attempts"], token) for r in taken]


async def finish(jobs: Sequence[LeasedJob], *, now: datetime) -> None:
    """One commit for all of them. A process that dies before it runs them again, which changes nothing."""
    if not jobs:
        return
    if is_postgres(get_connection("default")):
        await run_statement(_NOTE_DONE_POSTGRES, [now, *_ids_and_tokens(jobs)])
    else:
        await run_tx(lambda _: _note_done(jobs, now=now))


def _ids_and_tokens(jobs: Sequence[LeasedJob]) -> tuple[list[str], list[str]]:
    return [job.id for job in jobs], [job.token for job in jobs]


async def _note_done(jobs: Sequence[LeasedJob], *, now: datetime) -> None:
    for token in sorted({job.token for job in jobs}):
        held = {"id": sorted(job.id for job in jobs if job.token == token), "lease_token": token}
        await rows.change(Job, held, done_at=now, lease_until=None, error=None)


async def again(job: LeasedJob, *, at: datetime) -> None:
    """Not a failure: the other side is still working. Look again at `at`."""
    held = {"id": job.id, "lease_token": job.token}
    await rows.change(Job, held, run_at=at, lease_until=None, attempts=0, error=None)


async def failed(job: LeasedJob, error: str, *, now: datetime) -> None:
    """Try again after a growing pause; after twenty attempts park the job for a person."""
    if job.attempts >= ATTEMPTS_BEFORE_PARKING:
        await Job.filter(id=job.id, lease_token=job.token).update(parked_at=now, lease_until=None, error=error[:2000])
        return
    pause = min(LONGEST_PAUSE, timedelta(milliseconds=200 * 2**job.attempts))
    await Job.filter(id=job.id, lease_token=job.token).update(run_at=now + pause, lease_until=None, error=error[:2000])


async def release_parked(job_id: str, *, now: datetime) -> bool:
    """An operator lets a parked job run again."""
    return await Job.filter(id=job_id, parked_at__isnull=False).update(parked_at=None, attempts=0, run_at=now) == 1
