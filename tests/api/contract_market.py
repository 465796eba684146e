"""`python -m tests.api.contract_market`: fill the database that the settings name, and print what a program may use there.

One line: a key to every door of an organisation that also sells.
"""

import asyncio
import sys

from tortoise import Tortoise

from api.maintenance import migrate_and_seed
from api.settings import Settings
from marketplace.accounts import keys, organisations, people
from marketplace.accounts.actor import Actor
from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.transactions import run_tx


async def a_key(database_url: str) -> str:
    await Tortoise.init(config=tortoise_config(database_url))
    try:
        now = system_clock()

        async def work(_: object) -> Actor:
            person = await people.add("program@ashiato.example", "ja", now=now)
            organisation = await organisations.found(person, "足跡学会", now=now, provider_id="sandbox-a")
            return Actor(person.id, "", "", organisation.id, "sandbox-a", frozenset({Role.OWNER, Role.PROVIDER}))

        owner = await run_tx(work)
        _, key = await keys.create(
            owner, "contract", list(Scope), environment="sandbox", expires_at=None, clock=system_clock
        )
        return key
    finally:
        await Tortoise.close_connections()


if __name__ == "__main__":
    migrate_and_seed()
    sys.stdout.write(asyncio.run(a_key(Settings().database_url.get_secret_value())) + "\n")
