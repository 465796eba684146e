"""`ashiato reconcile`: compare registry accounts now, with the registry or with a list that was saved there."""

import argparse
import asyncio
import sys
from pathlib import Path

from api.instance import settings_of
from api.mail_wording import mail_wording
from api.services import running_market
from marketplace.inventory.models import RegistryAccount
from marketplace.market import Market
from marketplace.reconciliation.service import Found, compare_with_list, compare_with_registry
from marketplace.registries.gateway import OutcomeUnknown, RegistryUnreachable
from marketplace.registries.imported_lists import ListRefused, read_cancellations, read_holdings

EXIT_DIFFERENCES, EXIT_REFUSED = 1, 2


def run(chosen: argparse.Namespace) -> int:
    """Print every difference; 0 without any, 1 with some or with an account that could not be compared, 2 for a refused list."""
    if (chosen.holdings is None) != (chosen.account is None):
        sys.stderr.write("--account and --holdings belong together\n")
        return EXIT_REFUSED
    try:
        return asyncio.run(_run(chosen))
    except ListRefused as refused:
        for column in refused.missing:
            sys.stderr.write(f"column {column} is missing\n")
        for fault in refused.faults:
            sys.stderr.write(f"row {fault.row} {fault.column}: {fault.code}\n")
        return EXIT_REFUSED


async def _run(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        accounts = RegistryAccount.all().order_by("registry", "number")
        if chosen.registry is not None:
            accounts = accounts.filter(registry=chosen.registry)
        if chosen.account is not None:
            accounts = accounts.filter(number=chosen.account)
        sound = [await _compare(market, chosen, account) for account in await accounts]
    if not sound:
        sys.stderr.write("no such account\n")
        return EXIT_REFUSED
    return 0 if all(sound) else EXIT_DIFFERENCES


async def _compare(market: Market, chosen: argparse.Namespace, account: RegistryAccount) -> bool:
    name = f"{account.registry} {account.number}"
    try:
        found = await _found(market, chosen, account)
    except (RegistryUnreachable, OutcomeUnknown) as silent:
        _say(f"{name}: not compared, {silent}")
        return False
    if found is None:
        _say(f"{name}: not compared, its holdings are read by people; save them and pass --holdings")
        return True
    _say(f"{name}: {len(found.cases)} differences, {found.new} new")
    for case in found.cases:
        _say(f"  {case.code}  {case.block}  {case.serials.first}-{case.serials.last}")
    return not found.cases


async def _found(market: Market, chosen: argparse.Namespace, account: RegistryAccount) -> Found | None:
    if chosen.holdings is None:
        return await compare_with_registry(market, account.registry, account.number)
    holdings = read_holdings(_bytes(chosen.holdings))
    recorded = None if chosen.cancellations is None else read_cancellations(_bytes(chosen.cancellations))
    return await compare_with_list(market, account.registry, account.number, holdings, recorded)


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
