from tortoise import connections

from marketplace.database.migrator import migrate


class TestMigrations:
    async def test_a_second_run_applies_nothing(self, db):
        assert await migrate() == []

    async def test_the_schema_is_there(self, db):
        rows = await connections.get("default").execute_query_dict("SELECT COUNT(*) AS n FROM state_move")
        assert rows[0]["n"] > 20
