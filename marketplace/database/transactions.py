"""Every transaction of the product goes through `run_tx`."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from marketplace.fault_points import reached

T = TypeVar("T")

ATTEMPTS = 6
_PASSING_POSTGRES = (
    asyncpg.exceptions.SerializationError,
    asyncpg.exceptions.DeadlockDetectedError,
    asyncpg.exceptions.LockNotAvailableError,
)


def is_passing(error: BaseException) -> bool:
    """Whether the transaction certainly did not commit and may succeed when run again.

    A connection lost around COMMIT is not in this set: its outcome is unknown, and the caller looks it up by key.
    """
    if isinstance(error, _PASSING_POSTGRES):
        return True
    if isinstance(error, OperationalError | TransactionManagementError | sqlite3.OperationalError):
        cause = error.args[0] if error.args else ""
        return isinstance(cause, _PASSING_POSTGRES) or "database is locked" in str(cause)
    return False


async def run_tx(work: Callable[[BaseDBAsyncClient], Awaitable[T]]) -> T:
    """Run `work` in one transaction, again from the start if the database asks for it (serialisation, deadlock).

    `work` therefore has no effect outside the database. A cancelled caller waits until the transaction has ended,
    which may mean that it committed.
    """
    return await _repeated(lambda: _uninterrupted(_transaction(work)))


async def run_statement(statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """As run_tx, for one statement that is all of its transaction and therefore needs no BEGIN and no COMMIT. PostgreSQL
    only: SQLite would wait for its one writer elsewhere than the transactions do."""
    return await _repeated(lambda: _uninterrupted(_alone(statement, values)))


async def _repeated(attempt_it: Callable[[], Awaitable[T]]) -> T:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await attempt_it()
        except Exception as error:
            if attempt == ATTEMPTS or not is_passing(error):
                raise
        await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


async def _transaction(work: Callable[[BaseDBAsyncClient], Awaitable[T]]) -> T:
    async with in_transaction() as connection:
        result = await work(connection)
        reached("before_commit")
    reached("after_commit")
    return result


async def _alone(statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    reached("before_commit")
    rows = await get_connection("default").execute_query_dict(statement, list(values))
    reached("after_commit")
    return rows


async def _uninterrupted(transaction: Coroutine[Any, Any, T]) -> T:
    task = asyncio.create_task(transaction)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                continue
        raise
