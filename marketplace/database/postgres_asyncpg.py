"""A Tortoise engine for PostgreSQL whose connections return to the pool without a round trip, and are waited for, but not for ever.

The stock engine sends a statement that resets the session each time a connection is given back: one more round trip for
every transaction and every single query. Nothing here changes a session (no SET, no LISTEN, no cursor, only advisory locks
that end with their transaction), and what was left in a transaction is still rolled back. It also waits without an end for a
connection while others hold them all: then whoever asks would never hear that the service is overwhelmed. Tortoise picks the
schema editor by this module's name, which therefore contains "asyncpg".
"""

from datetime import timedelta
from typing import Any

from asyncpg import Connection, Record
from asyncpg.pool import Pool, PoolAcquireContext
from tortoise.backends.asyncpg.client import AsyncpgDBClient

# Longer than a rush takes to pass, and well before a proxy in front of us gives up: half a minute and more.
LONGEST_WAIT = timedelta(seconds=10)


class UnchangedSession(Connection):  # type: ignore[misc]  # asyncpg comes without types
    """A connection whose session looks after each use as before it."""

    def get_reset_query(self) -> str:
        return ""


class PatientPool(Pool):  # type: ignore[misc]  # asyncpg comes without types
    """Whoever finds all connections in use waits for `longest_wait`, then gets a TimeoutError."""

    longest_wait = LONGEST_WAIT

    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext:
        return super().acquire(timeout=self.longest_wait.total_seconds() if timeout is None else timeout)


class PostgresClient(AsyncpgDBClient):
    connection_class = UnchangedSession

    async def create_pool(self, **arguments: Any) -> PatientPool:
        # what asyncpg.create_pool, which makes no other class, would leave as it is
        usual = {"max_queries": 50_000, "max_inactive_connection_lifetime": 300.0, "record_class": Record}
        pool: PatientPool = await PatientPool(None, **usual, **arguments)
        return pool


client_class = PostgresClient
