"""Database chores: migrate, seed the sandbox, and examine the books."""

import asyncio
from pathlib import Path

from tortoise import Tortoise

from api.instance import database_url
from api.settings import Settings
from marketplace import invariants
from marketplace.audit import service as audit
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.sandbox_seed import seed


def migrate_and_seed() -> None:
    """Of the database that the settings name; the sandbox supply is added only to an empty market."""
    asyncio.run(_migrate_and_seed(Settings().database_url.get_secret_value()))


async def _migrate_and_seed(database_url: str) -> None:
    await Tortoise.init(config=tortoise_config(database_url))
    try:
        await migrate()
        await seed(now=system_clock())
    finally:
        await Tortoise.close_connections()


async def migrate_database() -> list[str]:
    await Tortoise.init(config=tortoise_config(Settings().database_url.get_secret_value()))
    try:
        return await migrate()
    finally:
        await Tortoise.close_connections()


async def examine(data: Path | None) -> int:
    """Print every broken invariant and every broken entry of the audit trail; the exit code is 1 if there is one.

    Raises NoInstance.
    """
    await Tortoise.init(config=tortoise_config(database_url(data)))
    try:
        findings = await invariants.violations()
        broken, newest = await audit.verify(), await audit.newest_seal()
    finally:
        await Tortoise.close_connections()
    for finding in findings:
        print(f"{finding.rule}: {finding.row}")  # noqa: T201 - the command's output
    print(f"{len(findings)} violations of {len(invariants.RULES)} invariants")  # noqa: T201
    for entry in broken:
        print(f"audit trail, entry {entry.position}: {entry.what}")  # noqa: T201
    print(f"{len(broken)} broken entries in the audit trail; its newest seal: {newest or 'none'}")  # noqa: T201
    return 1 if findings or broken else 0
