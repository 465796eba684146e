"""`ashiato people …`: who may run the service, and the first one of all, whom nobody could invite from a page."""

import argparse

from api.operator_act import Act, carry_out
from marketplace.accounts import administration, invitations
from marketplace.accounts.actor import CONSOLE
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.market import Market


def run(chosen: argparse.Namespace) -> int:
    return carry_out(_ACTS[chosen.act], chosen, (MarketplaceError, OSError))


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
