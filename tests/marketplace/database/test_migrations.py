import asyncio

import pytest
from tortoise import Tortoise, connections

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import MigrationEdited, migrate
from tests.forked import FORKS


def _migrate_in_a_process(url: str) -> int:
    async def run() -> int:
        await Tortoise.init(config=tortoise_config(url))
        try:
            return len(await migrate())
        finally:
            await Tortoise.close_connections()

    return asyncio.run(run())


class TestMigrations:
    async def test_a_second_run_applies_nothing(self, db):
        assert await migrate() == []

    async def test_four_processes_at_once_apply_each_file_once(self, empty_database_url):
        with FORKS.Pool(4) as pool:
            applied = await asyncio.to_thread(pool.map, _migrate_in_a_process, [empty_database_url] * 4)
        assert sorted(applied)[:3] == [0, 0, 0]
        assert max(applied) > 0

    async def test_an_applied_file_may_not_be_edited(self, db):
        await connections.get("default").execute_query("UPDATE schema_migration SET sha256 = 'other'")
        with pytest.raises(MigrationEdited):
            await migrate()

    async def test_a_failing_file_leaves_nothing_behind(self, db, tmp_path):
        folder = tmp_path / "room" / "migrations"
        folder.mkdir(parents=True)
        for dialect in ("sqlite", "postgres"):
            (folder / f"0001_bad.{dialect}.sql").write_text(
                "CREATE TABLE half (id TEXT);\nCREATE TABLE half (id TEXT);\n"
            )
        with pytest.raises(Exception, match="half"):
            await migrate((folder,))
        names = await connections.get("default").execute_query_dict("SELECT name FROM schema_migration")
        assert not [row for row in names if row["name"].startswith("room/")]
