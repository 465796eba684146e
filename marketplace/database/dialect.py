"""The few places where SQLite and PostgreSQL must be told apart."""

from functools import cache
from itertools import count

from tortoise.backends.base.client import BaseDBAsyncClient


def is_postgres(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "postgres"


def sql(connection: BaseDBAsyncClient, statement: str) -> str:
    """Write parameters as `?`; PostgreSQL gets $1, $2 … The statement holds no literal question mark."""
    return _numbered(statement) if is_postgres(connection) else statement


@cache
def _numbered(statement: str) -> str:
    numbers = count(1)
    return "".join(f"${next(numbers)}" if character == "?" else character for character in statement)
