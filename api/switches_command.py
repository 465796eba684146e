"""`ashiato switches …`: what is closed for a while. The console's acts are written down like everybody's."""

import argparse
import asyncio
import sys

from tortoise import Tortoise

from api.instance import database_url
from marketplace.accounts.actor import CONSOLE
from marketplace.clock import system_clock
from marketplace.closures import service as closures
from marketplace.closures.service import Switch
from marketplace.database.connect import tortoise_config
from marketplace.errors import MarketplaceError

EXIT_DONE, EXIT_REFUSED = 0, 1


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: done, 1: refused, with the reason on standard error."""
    try:
        sys.stdout.write(asyncio.run(_with_database(chosen)) + "\n")
    except (MarketplaceError, OSError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    return EXIT_DONE


async def _with_database(chosen: argparse.Namespace) -> str:
    await Tortoise.init(config=tortoise_config(database_url(chosen.data)))
    try:
        if chosen.act == "close":
            await closures.close(
                CONSOLE, chosen.name, reason=chosen.reason, clock=system_clock, opens_at=chosen.opens_at
            )
        if chosen.act == "open":
            await closures.reopen(CONSOLE, chosen.name, reason=chosen.reason, clock=system_clock)
        return "\n".join(_line(switch) for switch in await closures.switches())
    finally:
        await Tortoise.close_connections()


def _line(switch: Switch) -> str:
    if switch.closed_at is None:
        return f"{switch.name}  open"
    until = f", expected to open {switch.opens_at:%Y-%m-%dT%H:%M:%SZ}" if switch.opens_at else ""
    return f"{switch.name}  closed since {switch.closed_at:%Y-%m-%dT%H:%M:%SZ}{until}"
