"""Playing seeds, each in a database of its own: a copy of the migrated one, in memory and in the loop's own thread.

What is left out is the hop to another thread that aiosqlite makes for every statement. Engine, ORM, rules and triggers are
those of the product.
"""

import sqlite3
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import structlog
import uvloop
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.builders.market import a_small_market
from tests.orm import connected
from tests.simulation.world import World


class InThisThread(aiosqlite.Connection):
    """An open connection whose statements run where they are called."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(lambda: connection, 64)
        self._connection, self._running = connection, True

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    async def close(self) -> None:
        self._conn.close()
        self._connection = None


async def prepare(file: Path) -> None:
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(f"sqlite://{file}"))
    try:
        await migrate()
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()


class Stage:
    """Where seeds are played one after the other; each finds the database as the template has it."""

    def __init__(self, template: sqlite3.Connection, memory: sqlite3.Connection) -> None:
        self._template, self._memory = template, memory

    async def play(self, seed: int, **shorter: int) -> list[str]:
        """The trace of a seed; raises AssertionError, or whatever broke."""
        self._template.backup(self._memory)
        world = await World.of_seed(a_small_market(), seed)
        try:
            await world.live(**shorter)
        except Exception as error:
            error.add_note(f"in seed {seed}")
            raise
        return world.trace


@asynccontextmanager
async def a_stage(template: Path) -> AsyncIterator[Stage]:
    source, memory = sqlite3.connect(template), sqlite3.connect(":memory:", isolation_level=None)
    memory.row_factory = sqlite3.Row
    memory.execute("PRAGMA foreign_keys = ON")
    async with connected(f"sqlite://{template}"):
        get_connection("default")._connection = InThisThread(memory)
        try:
            yield Stage(source, memory)
        finally:
            source.close()


def outcomes(job: tuple[str, Sequence[int]]) -> list[tuple[int, str]]:
    """Each seed with what broke, or nothing: what one process plays."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    template, seeds = job

    async def played() -> list[tuple[int, str]]:
        found = []
        async with a_stage(Path(template)) as stage:
            for seed in seeds:
                try:
                    await stage.play(seed)
                except Exception:
                    found.append((seed, traceback.format_exc()))
                else:
                    found.append((seed, ""))
        return found

    return uvloop.run(played())


def in_pieces(seeds: range, size: int = 25) -> Iterator[range]:
    for first in range(seeds.start, seeds.stop, size):
        yield range(first, min(first + size, seeds.stop))
