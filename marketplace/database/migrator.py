"""Forward-only SQL migrations: one plain file per step and dialect, `0001_name.{sqlite,postgres}.sql`.

All pending files of all rooms are applied in one transaction under a lock, so that several processes may start at once.
A file that was applied never changes again; its hash is kept and compared.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

import certificates
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx

FOLDERS = (Path(__file__).parent.parent / "migrations", Path(certificates.__file__).parent / "migrations")
_LOCK_KEY = 7_243_001


class MigrationEdited(Exception):
    """An applied file was changed afterwards; add a new file instead."""

    code = "migration_edited"


class ForeignKeysBroken(Exception):
    """A migration left rows that point nowhere; it was rolled back."""

    code = "foreign_keys_broken"


def statements(text: str) -> Iterator[str]:
    """Split a SQLite file into statements; CREATE TRIGGER ... END; stays whole, one statement ends a line."""
    pending = ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            if _without_comments(pending).strip(" ;\n"):
                yield pending.strip()
            pending = ""
    if _without_comments(pending).strip():
        yield pending.strip()


def _without_comments(text: str) -> str:
    return re.sub(r"--.*", "", text)


async def migrate(folders: tuple[Path, ...] = FOLDERS) -> list[str]:
    """Apply what is missing and return the names applied, e.g. ["marketplace/0001_start"]."""

    async def apply_pending(tx: BaseDBAsyncClient) -> list[str]:
        applied = []
        if is_postgres(tx):
            await tx.execute_query_dict(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
        await tx.execute_query(
            "CREATE TABLE IF NOT EXISTS schema_migration "
            "(name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
        )
        seen = {row["name"]: row["sha256"] for row in await tx.execute_query_dict("SELECT * FROM schema_migration")}
        for name, text in _files(folders, "postgres" if is_postgres(tx) else "sqlite"):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name in seen:
                if seen[name] != digest:
                    raise MigrationEdited(f"{name} was edited after it was applied")
                continue
            await _apply(tx, name, text)
            await tx.execute_query(sql(tx, "INSERT INTO schema_migration(name, sha256) VALUES (?, ?)"), [name, digest])
            applied.append(name)
        return applied

    return await run_tx(apply_pending)


async def pending(folders: tuple[Path, ...] = FOLDERS) -> list[str]:
    """The names of what `migrate` would apply now; the database is only read."""
    connection = get_connection("default")
    known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migration'"
    if is_postgres(connection):
        known = "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL"
    seen = set()
    if await connection.execute_query_dict(known):
        seen = {row["name"] for row in await connection.execute_query_dict("SELECT name FROM schema_migration")}
    dialect = "postgres" if is_postgres(connection) else "sqlite"
    return [name for name, _ in _files(folders, dialect) if name not in seen]


def _files(folders: tuple[Path, ...], dialect: str) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for file in sorted(folder.glob(f"*.{dialect}.sql")):
            yield f"{folder.parent.name}/{file.name.split('.')[0]}", file.read_text("utf-8")


async def _apply(tx: BaseDBAsyncClient, name: str, text: str) -> None:
    if is_postgres(tx):
        await tx.execute_script(text)
        return
    for statement in statements(text):
        await tx.execute_query(statement)
    broken = await tx.execute_query_dict("PRAGMA foreign_key_check")
    if broken:
        raise ForeignKeysBroken(f"{name}: {broken[:3]}")
