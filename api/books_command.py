"""`ashiato books`: check them now, write the table for bookkeeping, or enter a seller's number for qualified invoices."""

import argparse
import asyncio
import sys
from pathlib import Path

from api.instance import settings_of
from api.mail_wording import mail_wording
from api.services import running_market
from marketplace.accounts.actor import CONSOLE
from marketplace.clock import japan_date
from marketplace.errors import MarketplaceError
from marketplace.invoices import sellers
from marketplace.ledger import check
from marketplace.ledger.bookkeeping import By, as_csv

EXIT_DIFFERENCES, EXIT_REFUSED = 1, 2


def run(chosen: argparse.Namespace) -> int:
    """0 if all books agree, 1 if they differ, 2 for a refusal."""
    return asyncio.run(_run(chosen))


async def _run(chosen: argparse.Namespace) -> int:
    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        if chosen.act == "export":
            text = await as_csv(chosen.first, chosen.last, By(chosen.by))
            await asyncio.to_thread(Path(chosen.file).write_text, text, "utf-8", newline="")
            return 0
        if chosen.act == "seller":
            try:
                agreed_on = chosen.agreed_on or japan_date(market.clock())
                await sellers.register(market, CONSOLE, chosen.provider, chosen.number, agreed_on=agreed_on)
            except MarketplaceError as refused:
                sys.stderr.write(f"{refused.code}: {refused}\n")
                return EXIT_REFUSED
            return 0
        findings = check.findings_of(await check.run(market))
    for finding in findings:
        sys.stdout.write(f"{finding.code}  {finding.about}  {finding.detail}\n")
    sys.stdout.write(f"{len(findings)} differences\n")
    return EXIT_DIFFERENCES if findings else 0
