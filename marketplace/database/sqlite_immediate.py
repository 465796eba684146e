"""A Tortoise engine for SQLite: BEGIN IMMEDIATE, cancellation-safe transactions, true row counts.

The stock engine begins deferred transactions, which fail with "database is locked" as soon as two processes read and
then write; it leaks its lock when a task is cancelled while entering a transaction; and it counts rows written by
triggers as rows updated. Tortoise picks the schema editor by this module's name, which therefore contains "sqlite".
Relies on internals of Tortoise and aiosqlite: tests/marketplace/database holds one test for each of the three.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any, cast

from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, TransactionManagementError

_WRITES = ("UPDATE", "DELETE", "INSERT")


class _TrueRowCount:
    @translate_exceptions
    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        query = query.replace("\x00", "'||CHAR(0)||'")
        async with cast(Any, self).acquire_connection() as connection:
            written, rows = await connection._execute(_run, connection._conn, query, values or ())
            wrote = query.lstrip()[:6].upper() in _WRITES
            return (written if wrote and written >= 0 else len(rows)), rows


def _run(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> tuple[int, list[Any]]:
    """On the connection's thread, in one visit: execute, fetch and close cost three."""
    cursor = connection.execute(query, values)
    try:
        rows = cursor.fetchall()
        # with RETURNING it is known once the rows are fetched
        return cursor.rowcount, rows
    finally:
        cursor.close()


async def _settled(future: "asyncio.Future[Any]") -> None:
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError:
            continue


class _ImmediateContext(SqliteTransactionContext):
    async def __aenter__(self) -> Any:
        await self._trxlock.acquire()
        begin = asyncio.ensure_future(self._begin())
        try:
            await asyncio.shield(begin)
        except BaseException:
            # Cancelled while BEGIN is already queued on the connection's thread: wait for it, undo it, unlock.
            await _settled(begin)
            if not begin.cancelled() and begin.exception() is None:
                await _settled(asyncio.ensure_future(self.connection.rollback()))
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def _begin(self) -> None:
        await self.ensure_connection()
        await self.connection.begin()

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        end: asyncio.Future[Any] | None = None
        try:
            if not self.connection._finalized and exc_type is not TransactionManagementError:
                end = asyncio.ensure_future(self.connection.rollback() if exc_type else self.connection.commit())
                await asyncio.shield(end)
        except asyncio.CancelledError:
            if end is not None:
                await _settled(end)
            raise
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()


class _ImmediateWrapper(_TrueRowCount, SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    async def commit(self) -> None:
        """Deferred foreign keys are checked here; SQLite then leaves the transaction open, so it is undone by hand."""
        try:
            await super().commit()
        except sqlite3.IntegrityError as error:
            await self.rollback()
            raise IntegrityError(error) from error


class ImmediateSqliteClient(_TrueRowCount, SqliteClient):
    def _in_transaction(self) -> _ImmediateContext:
        return _ImmediateContext(_ImmediateWrapper(self), self._lock)


client_class = ImmediateSqliteClient
