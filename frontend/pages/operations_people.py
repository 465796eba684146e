"""Who runs the service and who sells in it; operators invite, take roles away, and help whoever was robbed or locked out."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import administration, invitations
from marketplace.accounts.errors import PersonUnknown, RoleDoesNotFit
from marketplace.accounts.roles import IN_THE_SERVICE, Role
from marketplace.audit.service import ReasonMissing
from marketplace.mail.address import AddressRefused


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.OPERATOR)
async def submit(request: Request) -> Response:
    """action=invite, revoke, sign_out or forget_second_factor, each with `email` and `reason`."""
    typed, context = await read_typed(request), PageContext.of(request)
    try:
        await _act(request, typed)
    except ReasonMissing as refused:
        return await _page(request, typed, {"reason": sentence(refused.code, refused.params, context.locale)})
    except (PersonUnknown, AddressRefused, RoleDoesNotFit) as refused:
        return await _page(request, typed, {"email": sentence(refused.code, refused.params, context.locale)})
    return RedirectResponse(context.url("/operations/people"), status_code=303)


async def _act(request: Request, typed: Typed) -> None:
    market, actor = services_of(request).market, actor_of(request)
    email, reason = typed.get("email", ""), typed.get("reason")
    match typed.get("action"):
        case "invite":
            await invitations.invite(
                market,
                actor,
                email,
                _role(typed),
                organisation_id=None,
                locale=PageContext.of(request).locale,
                reason=reason,
            )
        case "revoke":
            await administration.revoke(actor, email, _role(typed), reason=reason, clock=market.clock)
        case "sign_out":
            await administration.sign_out(actor, email, reason=reason, clock=market.clock)
        case "forget_second_factor":
            await administration.forget_second_factor(actor, email, reason=reason, clock=market.clock)
        case _:
            raise HTTPException(400)


def _role(typed: Typed) -> Role:
    given = typed.get("role", "")
    if given not in IN_THE_SERVICE:
        raise RoleDoesNotFit("no such role in the service", role=given)
    return Role(given)


async def _page(request: Request, typed: Typed | None = None, problems: Mapping[str, str] | None = None) -> Response:
    return page_response(
        request,
        "pages/operations_people.html",
        status=422 if problems else 200,
        people=await administration.privileged(),
        waiting=await invitations.waiting(None, clock=services_of(request).market.clock),
        roles=[role for role in Role if role in IN_THE_SERVICE],
        may_act=actor_of(request).is_any(Role.OPERATOR),
        typed=typed or {},
        problems=problems or {},
    )
