"""`ashiato people …`: who may run the service, and the first one of all, whom nobody could invite from a page."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from api.instance import settings_of
from api.mail_wording import mail_wording
from api.services import running_market
from marketplace.accounts import administration, invitations
from marketplace.accounts.actor import CONSOLE
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.market import Market

EXIT_DONE, EXIT_REFUSED = 0, 1


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: done, 1: refused, with the reason on standard error."""
    try:
        sys.stdout.write(asyncio.run(_with_market(chosen, _ACTS[chosen.act])) + "\n")
    except (MarketplaceError, OSError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    return EXIT_DONE


Act = Callable[[Market, argparse.Namespace], Coroutine[Any, Any, str]]


async def _with_market(chosen: argparse.Namespace, act: Act) -> str:
    settings = settings_of(chosen.data)
    async with running_market(settings, mail_wording(settings)) as market:
        return await act(market, chosen)


async def _invite(market: Market, chosen: argparse.Namespace) -> str:
    organisation_id = None
    if chosen.provider is not None:
        organisation_id = await administration.organisation_of_provider(CONSOLE, chosen.provider, clock=market.clock)
    invited = await invitations.invite(
        market,
        CONSOLE,
        chosen.email,
        Role(chosen.role),
        organisation_id=organisation_id,
        locale=chosen.locale,
        reason=chosen.reason,
        by_mail=False,
    )
    return f"{invited.link}\nFor {invited.invitation.email} alone; it works once, for {invitations.LASTS.days} days."


async def _list(_: Market, __: argparse.Namespace) -> str:
    rows = await administration.privileged()
    return "\n".join(f"{row.email}  {row.role}  {row.where}" for row in rows) or "nobody"


async def _revoke(market: Market, chosen: argparse.Namespace) -> str:
    await administration.revoke(CONSOLE, chosen.email, Role(chosen.role), reason=chosen.reason, clock=market.clock)
    return f"{chosen.email} is no {chosen.role} any more, and signed out everywhere"


async def _sign_out(market: Market, chosen: argparse.Namespace) -> str:
    ended = await administration.sign_out(CONSOLE, chosen.email, reason=chosen.reason, clock=market.clock)
    return f"{ended} sessions of {chosen.email} are ended"


async def _forget_second_factor(market: Market, chosen: argparse.Namespace) -> str:
    await administration.forget_second_factor(CONSOLE, chosen.email, reason=chosen.reason, clock=market.clock)
    return f"{chosen.email} sets up a new authenticator app at the next sign-in"


_ACTS: dict[str, Act] = {
    "invite": _invite,
    "list": _list,
    "revoke": _revoke,
    "sign-out": _sign_out,
    "forget-second-factor": _forget_second_factor,
}
