"""`ashiato providers …`: who sells here, and which registry accounts are theirs."""

import argparse

from api.operator_act import Act, carry_out
from certificates.statement import Environment
from marketplace.accounts.actor import CONSOLE
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.projects.kinds import RegistryCode
from marketplace.providers import imports, register, stock


def run(chosen: argparse.Namespace) -> int:
    return carry_out(_ACTS[chosen.act], chosen, (MarketplaceError, ValueError, OSError))


async def _add(market: Market, chosen: argparse.Namespace) -> str:
    provider = await register.add_provider(
        CONSOLE,
        chosen.provider,
        name_ja=chosen.name_ja,
        name_en=chosen.name_en,
        invented=market.signing_keys.environment is Environment.SANDBOX,
        reason=chosen.reason,
        clock=market.clock,
    )
    return f"{provider.id} is entered; invite its people: ashiato people invite EMAIL --role owner --provider {provider.id}"


async def _account(market: Market, chosen: argparse.Namespace) -> str:
    account = await register.add_account(
        CONSOLE, chosen.provider, RegistryCode(chosen.registry), chosen.number, reason=chosen.reason, clock=market.clock
    )
    return f"{account.registry} account {account.number} belongs to {account.provider_id}"


async def _list(_market: Market, _chosen: argparse.Namespace) -> str:
    lines = []
    for provider in await stock.all_providers():
        accounts = [f"{one.registry}:{one.number}" for one in await imports.accounts_of(provider.id)]
        lines.append(f"{provider.id}  {provider.name_en}  {' '.join(accounts)}".rstrip())
    return "\n".join(lines) or "no provider"


_ACTS: dict[str, Act] = {"add": _add, "account": _account, "list": _list}
