"""Who belongs to the organisation. Owners invite, change roles and remove; everyone may see, and leave."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import invitations, organisations
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import InvitationNotUsable, LastOwnerStays, NotAMember, RoleDoesNotFit
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import IN_ORGANISATIONS, Role
from marketplace.errors import MarketplaceError
from marketplace.mail.address import AddressRefused
from marketplace.market import Market

_OWNERS_ONLY = frozenset({"invite", "withdraw", "change_role", "remove"})


@only(Role.OWNER, Role.BUYER, Role.PROVIDER)
async def page(request: Request) -> Response:
    return await _page(request, {})


@only(Role.OWNER, Role.BUYER, Role.PROVIDER)
async def submit(request: Request) -> Response:
    """action=invite, withdraw, change_role, remove (owners) or leave (everyone)."""
    typed, actor, context = await read_typed(request), actor_of(request), PageContext.of(request)
    action = typed.get("action", "")
    if action in _OWNERS_ONLY and not actor.is_any(Role.OWNER):
        raise HTTPException(404)
    try:
        await _act(services_of(request).market, actor, action, typed, context.locale)
    except (AddressRefused, LastOwnerStays, RoleDoesNotFit, NotAMember, InvitationNotUsable) as refused:
        field = {"invite": "email"}.get(action, "")
        return await _page(request, typed, problem=(field, refused))
    return RedirectResponse(context.url("/account" if action == "leave" else "/account/members"), status_code=303)


async def _act(market: Market, actor: Actor, action: str, typed: Typed, locale: str) -> None:
    match action:
        case "invite":
            await invitations.invite(
                market,
                actor,
                typed.get("email", ""),
                _role(typed),
                organisation_id=actor.organisation_id,
                locale=locale,
            )
        case "withdraw":
            await invitations.withdraw(actor, typed.get("invitation", ""), clock=market.clock)
        case "change_role":
            await organisations.change_role(actor, typed.get("person", ""), _role(typed), clock=market.clock)
        case "remove":
            await organisations.remove(actor, typed.get("person", ""), clock=market.clock)
        case "leave":
            await organisations.remove(actor, actor.person_id, clock=market.clock)
        case _:
            raise HTTPException(400)


def _role(typed: Typed) -> Role:
    given = typed.get("role", "")
    if given not in IN_ORGANISATIONS:
        raise RoleDoesNotFit("no such role", role=given)
    return Role(given)


async def _page(request: Request, typed: Typed, *, problem: tuple[str, MarketplaceError] | None = None) -> Response:
    actor, market = actor_of(request), services_of(request).market
    assert actor.organisation_id is not None  # noqa: S101 - whoever has a role in an organisation has an organisation
    organisation = await Organisation.get(id=actor.organisation_id)
    locale = PageContext.of(request).locale
    roles = [role for role in Role if role in IN_ORGANISATIONS and (role is not Role.PROVIDER or actor.provider_id)]
    return page_response(
        request,
        "pages/account/members.html",
        status=422 if problem else 200,
        organisation=organisation,
        members=await organisations.members_of(organisation.id),
        waiting=await invitations.waiting(organisation.id, clock=market.clock),
        may_change=actor.is_any(Role.OWNER),
        roles=roles,
        typed=typed,
        errors={problem[0]: sentence(problem[1].code, problem[1].params, locale)} if problem else {},
    )
