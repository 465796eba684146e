"""Playing one seed in a database of its own."""

import asyncio
import shutil
import tempfile
import traceback
from pathlib import Path

import structlog
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.builders.market import a_small_market
from tests.simulation.world import World


async def prepare(file: Path) -> None:
    await Tortoise.init(config=tortoise_config(f"sqlite://{file}"))
    try:
        await migrate()
    finally:
        await Tortoise.close_connections()


async def play(template: Path, seed: int, **shorter: int) -> list[str]:
    """The trace of a seed; raises AssertionError, or whatever broke."""
    with tempfile.TemporaryDirectory() as folder:
        file = shutil.copy(template, Path(folder) / "world.sqlite3")
        # the ORM caches SQL per connection name, not per dialect
        EXECUTOR_CACHE.clear()
        await Tortoise.init(config=tortoise_config(f"sqlite://{file}"), _enable_global_fallback=True)
        try:
            world = await World.of_seed(a_small_market(), seed)
            await world.live(**shorter)
            return world.trace
        finally:
            await Tortoise.close_connections()
            EXECUTOR_CACHE.clear()


def outcome(job: tuple[str, int]) -> tuple[int, str]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    template, seed = job
    try:
        asyncio.run(play(Path(template), seed))
    except Exception:
        return seed, traceback.format_exc()
    return seed, ""
