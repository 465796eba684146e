"""The operators' page of money: refunds that failed, disputes, payouts that wait for a second person."""

import secrets
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.payments import attention
from marketplace.payments.refund_states import BorneBy
from marketplace.payouts import approval, statement
from marketplace.plans import bounced
from marketplace.taken_back import service as taken_back
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import read_integer

SHOWN = 50


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    return await _overview(request)


@only(Role.OPERATOR)
async def submit(request: Request) -> Response:
    typed = await read_typed(request)
    locale = PageContext.of(request).locale
    try:
        await _act(services_of(request).market, actor_of(request), typed)
    except MarketplaceError as refused:
        problem = sentence(refused.code, refused.params, locale)
        return await _overview(request, status=422, problem=problem, typed=typed)
    except QuantityRefused:
        problem = words("money", "not_yen", locale)
        return await _overview(request, status=422, problem=problem, typed=typed)
    return RedirectResponse(PageContext.of(request).url("/operations/money"), status_code=303)


async def _act(market: Market, actor: Actor, typed: Typed) -> None:
    subject, reason = typed.get("id", "").strip(), typed.get("reason")
    match typed.get("action"):
        case "try_again":
            await attention.try_again(market, actor, subject, reason)
        case "return_again":
            await bounced.try_again(market, actor, subject, reason)
        case "give_back":
            yen = read_integer(typed.get("yen", ""))
            borne_by = BorneBy.PROVIDERS if typed.get("borne_by") == "providers" else BorneBy.SERVICE
            key = typed.get("key", "")
            await attention.give_back(market, actor, subject, yen, borne_by=borne_by, reason=reason, key=key)
        case "propose":
            await approval.propose(market, actor, subject, reason)
        case "approve":
            await approval.approve(market, actor, subject)
        case _:
            raise HTTPException(404)


async def _overview(
    request: Request, *, status: int = 200, problem: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    market, actor = services_of(request).market, actor_of(request)
    return page_response(
        request,
        "pages/money/operations.html",
        status=status,
        refunds=await attention.open_refunds(),
        disputes=await attention.disputes(),
        bounced_gifts=await bounced.waiting(),
        taken_back=await taken_back.newest(),
        payouts=await statement.statement(None, limit=SHOWN),
        proposals=await approval.proposals(market),
        person=actor.person_id,
        may_act=actor.is_any(Role.OPERATOR),
        problem=problem,
        typed=typed or {},
        # one press of the button is one refund, however often the browser sends it
        key=(typed or {}).get("key") or secrets.token_hex(8),
    )
