"""`ashiato providers …`: who sells here, and which registry accounts are theirs."""

import argparse
import asyncio
import sys

from api.instance import settings_of
from api.mail_wording import mail_wording
from api.services import running_market
from marketplace.accounts.actor import CONSOLE
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.projects.kinds import RegistryCode
from marketplace.providers import imports, register, stock

EXIT_DONE, EXIT_REFUSED = 0, 1


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: done, 1: refused, with the reason on standard error."""
    try:
        sys.stdout.write(asyncio.run(_with_market(chosen)) + "\n")
    except (MarketplaceError, ValueError, OSError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    return EXIT_DONE


async def _with_market(chosen: argparse.Namespace) -> str:
    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        match chosen.act:
            case "add":
                return await _add(market, chosen, invented=settings.environment == "sandbox")
            case "account":
                return await _account(market, chosen)
            case _:
                return await _list()


async def _add(market: Market, chosen: argparse.Namespace, *, invented: bool) -> str:
    provider = await register.add_provider(
        CONSOLE,
        chosen.provider,
        name_ja=chosen.name_ja,
        name_en=chosen.name_en,
        invented=invented,
        reason=chosen.reason,
        clock=market.clock,
    )
    return f"{provider.id} is entered; invite its people: ashiato people invite EMAIL --role owner --provider {provider.id}"


async def _account(market: Market, chosen: argparse.Namespace) -> str:
    account = await register.add_account(
        CONSOLE, chosen.provider, RegistryCode(chosen.registry), chosen.number, reason=chosen.reason, clock=market.clock
    )
    return f"{account.registry} account {account.number} belongs to {account.provider_id}"


async def _list() -> str:
    lines = []
    for provider in await stock.all_providers():
        accounts = [f"{one.registry}:{one.number}" for one in await imports.accounts_of(provider.id)]
        lines.append(f"{provider.id}  {provider.name_en}  {' '.join(accounts)}".rstrip())
    return "\n".join(lines) or "no provider"
