"""A Tortoise engine for PostgreSQL whose connections return to the pool without a round trip.

The stock engine sends a statement that resets the session each time a connection is given back: one more round trip for
every transaction and every single query. Nothing here changes a session (no SET, no LISTEN, no cursor, only advisory locks
that end with their transaction), and what was left in a transaction is still rolled back. Tortoise picks the schema editor
by this module's name, which therefore contains "asyncpg".
"""

from asyncpg import Connection
from tortoise.backends.asyncpg.client import AsyncpgDBClient


class UnchangedSession(Connection):  # type: ignore[misc]  # asyncpg comes without types
    """A connection whose session looks after each use as before it."""

    def get_reset_query(self) -> str:
        return ""


class PostgresClient(AsyncpgDBClient):
    connection_class = UnchangedSession


client_class = PostgresClient
