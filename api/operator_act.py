"""One act of an operator on the market, from a command line to its exit code."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from api.instance import settings_of
from api.mail_wording import mail_wording
from api.services import running_market
from marketplace.market import Market

EXIT_DONE, EXIT_REFUSED = 0, 1
Act = Callable[[Market, argparse.Namespace], Coroutine[Any, Any, str]]
"""Does what was asked; the text says what is so now."""


def carry_out(act: Act, chosen: argparse.Namespace, refusals: tuple[type[Exception], ...]) -> int:
    """Exit code 0: done, 1: refused, with the reason on standard error."""
    try:
        sys.stdout.write(asyncio.run(_with_market(act, chosen)) + "\n")
    except refusals as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    return EXIT_DONE


async def _with_market(act: Act, chosen: argparse.Namespace) -> str:
    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        return await act(market, chosen)
