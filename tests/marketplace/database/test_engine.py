"""The three things our SQLite engine exists for, on both databases."""

import asyncio

from tortoise import Tortoise, connections

from marketplace.database.connect import tortoise_config
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Provider
from tests.forked import FORKS


def _read_then_write(url: str, times: int) -> int:
    async def run() -> int:
        await Tortoise.init(config=tortoise_config(url))
        try:
            for _ in range(times):

                async def work(_):
                    provider = await Provider.get(id="p")
                    await Provider.filter(id="p").update(name_en=provider.name_en + "x")

                await run_tx(work)
        finally:
            await Tortoise.close_connections()
        return times

    return asyncio.run(run())


class TestTwoProcessesThatReadThenWrite:
    async def test_neither_is_told_that_the_database_is_locked(self, db):
        await Provider.create(id="p", name_ja="p", name_en="", invented=True)
        with FORKS.Pool(2) as pool:
            done = await asyncio.to_thread(pool.starmap, _read_then_write, [(db, 100), (db, 100)])
        assert done == [100, 100]


class TestRowCounts:
    async def test_rows_written_by_triggers_are_not_counted(self, db):
        await Provider.create(id="p", name_ja="p", name_en="a", invented=True)
        if "sqlite" in db:
            await connections.get("default").execute_script(
                "CREATE TRIGGER noisy AFTER UPDATE ON provider BEGIN UPDATE provider SET name_ja = name_ja; END;"
            )
        assert await Provider.filter(id="p").update(name_en="b") == 1
        assert await Provider.filter(id="nobody").update(name_en="b") == 0


class TestACancelledTransaction:
    async def test_neither_lock_nor_connection_leaks(self, db):
        async def work(_):
            await Provider.all().count()

        for _ in range(30):
            task = asyncio.create_task(run_tx(work))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(10):
            await run_tx(work)


class TestAConnectionOfThePool:
    async def test_it_sends_nothing_but_what_it_was_given_for(self, db):
        if "sqlite" in db:
            return
        said: list[str] = []
        client = connections.get("default")
        async with client.acquire_connection() as connection:
            connection.add_query_logger(lambda record: said.append(record.query))
        said.clear()
        await client.execute_query("SELECT 1")
        assert said == ["SELECT 1"]
