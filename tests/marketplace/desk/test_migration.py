"""A database with confirmed retirements takes the desk's migration, which on SQLite writes that table anew, and loses nothing."""

from pathlib import Path

from tortoise import Tortoise, connections
from tortoise.backends.base.executor import EXECUTOR_CACHE

import certificates
import marketplace
from marketplace.database.connect import tortoise_config
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.migrator import FOLDERS, migrate
from marketplace.database.transactions import run_tx

AT = "2026-11-01 00:00:00+00:00"
OLD_ROWS = (
    "INSERT INTO provider (id, name_ja, name_en, invented) VALUES ('p', 'p', 'p', {true})",
    "INSERT INTO registry_account (id, registry, number, provider_id) VALUES ('a', 'jcredit', 'A', 'p')",
    "INSERT INTO block (id, registry, project_key, methodology, credit_kind, certification_number, serial_prefix, "
    "serial_width, first_serial, last_serial, size, tiled, vintages, invented) "
    "VALUES ('b', 'jcredit', 'k', 'm', 'jver', 'C', 'P-', 9, 1, 2, 2, 0, '[]', {true})",
    "INSERT INTO holding (id, block_id, account_id) VALUES ('h', 'b', 'a')",
    "INSERT INTO listing (id, holding_id, yen_per_tonne, minimum_tonnes, open) VALUES ('l', 'h', 1, 1, {true})",
    "INSERT INTO quote (id, state, tonnes, credits_yen, fee_yen, tax_yen, total_yen, terms, expires_at, created_at) "
    "VALUES ('q', 'used', 2, 2, 0, 0, 2, '{{}}', '{at}', '{at}')",
    "INSERT INTO quote_line (id, quote_id, listing_id, tonnes, yen_per_tonne) VALUES ('ql', 'q', 'l', 2, 1)",
    "INSERT INTO unit_interval (id, block_id, holding_id, first_serial, last_serial, state, quote_line_id) "
    "VALUES ('i', 'b', 'h', 1, 2, 'cancelling', 'ql')",
    "INSERT INTO buyer_order (id, access_token, quote_id, state, locale, total_yen, instruction, consent, pay_until, "
    "created_at) VALUES ('o', 't', 'q', 'retiring', 'ja', 2, '{{}}', '{{}}', '{at}', '{at}')",
    "INSERT INTO retirement (id, order_id, interval_id, reference, state, registry, request, submitted_at, decided_at, "
    "notice_number, recorded_on, notice, notice_document, notice_media_type, notice_sha256, created_at) VALUES ('r', "
    "'o', 'i', 'r', 'confirmed', 'jcredit', '{{}}', '{at}', '{at}', 'N-1', '2026-10-31', '{{}}', {document}, "
    "'application/pdf', 'abc', '{at}')",
    "UPDATE unit_interval SET state = 'cancelled' WHERE id = 'i'",
)


def folders_before_the_desk(to: Path) -> tuple[Path, ...]:
    """The migrations as they were before the desk: the market's up to 0005, and all of the certificates' that fit them."""
    kept = []
    for folder, last in zip(FOLDERS, ("0005", "0008"), strict=True):
        copy = to / folder.parent.name / "migrations"
        copy.mkdir(parents=True)
        for file in folder.glob("*.sql"):
            if file.name[:4] <= last:
                (copy / file.name).write_bytes(file.read_bytes())
        kept.append(copy)
    assert [folder.parent.name for folder in FOLDERS] == [marketplace.__name__, certificates.__name__]
    return tuple(kept)


async def test_nothing_of_a_confirmed_retirement_is_lost(empty_database_url: str, tmp_path: Path) -> None:
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(empty_database_url), _enable_global_fallback=True)
    try:
        await migrate(folders_before_the_desk(tmp_path))

        async def work(tx) -> None:
            postgres = is_postgres(tx)
            values = {"at": AT, "true": "true" if postgres else 1, "document": r"'\x2550'" if postgres else "x'2550'"}
            for statement in OLD_ROWS:
                await tx.execute_query(sql(tx, statement.format_map(values)))

        await run_tx(work)
        before = await retirements()
        assert "marketplace/0008_desk" in await migrate()
        after = await retirements()
        assert {name: after[0][name] for name in before[0]} == before[0]
        assert len(after) == 1
        assert bytes(after[0]["notice_document"]) == b"%P"
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()


async def retirements() -> list[dict[str, object]]:
    return await connections.get("default").execute_query_dict("SELECT * FROM retirement")
