"""The daily check of the books looks at the certificates too: a row edited by hand is named (fault F33)."""

import pytest

from certificates.models import Certificate
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.ledger import check
from tests.builders.market import SmallMarket
from tests.marketplace.test_public_log import a_fulfilled_order, small

__all__ = ["small"]


async def edited_by_hand(statement: str) -> None:
    """Run a statement with every rule of the tables switched off, as somebody can who owns the database."""

    async def work(tx) -> None:
        if is_postgres(tx):
            await tx.execute_script(f"SET LOCAL session_replication_role = replica; {statement}")
            return
        for trigger in await tx.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await tx.execute_query(f"DROP TRIGGER {trigger['name']}")
        await tx.execute_query(statement)

    await run_tx(work)


async def named(small: SmallMarket) -> set[tuple[str, str]]:
    findings = check.findings_of(await check.run(small.market))
    return {(finding.about, finding.detail) for finding in findings if finding.code == "certificate_differs"}


class TestACertificateEditedByHand:
    async def test_is_named_by_the_daily_check(self, small):
        record = await a_fulfilled_order(small)
        assert await named(small) == set()
        await edited_by_hand(f"UPDATE certificate SET grams = grams - 1 WHERE number = '{record.number}'")
        assert (record.number, "columns_differ_from_statement") in await named(small)
        assert (await Certificate.get(number=record.number)).grams == record.grams - 1

    @pytest.mark.parametrize("table", ["certificate_share", "log_event"])
    async def test_also_when_a_row_is_gone(self, small, table):
        record = await a_fulfilled_order(small)
        where = {"certificate_share": "certificate_id", "log_event": "number"}[table]
        key = record.id if where == "certificate_id" else record.number
        if table == "log_event":
            await edited_by_hand("DELETE FROM log_entry")
        await edited_by_hand(f"DELETE FROM {table} WHERE {where} = '{key}'")
        assert record.number in {about for about, _ in await named(small)}
