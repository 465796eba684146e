"""What operators close for a while: everything that buyers write, one function, or new quotes for one registry."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.audit.service import ReasonMissing
from marketplace.clock import JAPAN
from marketplace.closures import service as closures
from marketplace.closures.errors import NothingToClose, OpeningInThePast


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.OPERATOR)
async def submit(request: Request) -> Response:
    """action=close or reopen; `opens_at` is a wall-clock time in Japan."""
    typed, context = await read_typed(request), PageContext.of(request)
    clock, name, reason = services_of(request).market.clock, typed.get("name", ""), typed.get("reason")
    try:
        if typed.get("action") == "reopen":
            await closures.reopen(actor_of(request), name, reason=reason, clock=clock)
        else:
            opens_at = _moment(typed.get("opens_at", ""))
            await closures.close(actor_of(request), name, reason=reason, clock=clock, opens_at=opens_at)
    except ValueError:
        return await _page(request, typed, {"opens_at": words("administration", "switches.not_a_time", context.locale)})
    except OpeningInThePast as refused:
        return await _page(request, typed, {"opens_at": sentence(refused.code, refused.params, context.locale)})
    except ReasonMissing as refused:
        return await _page(request, typed, {"reason": sentence(refused.code, refused.params, context.locale)})
    except NothingToClose as refused:
        return await _page(request, typed, {"name": sentence(refused.code, refused.params, context.locale)})
    return RedirectResponse(context.url("/operations/switches"), status_code=303)


def _moment(typed: str) -> datetime | None:
    """As a datetime-local field sends it. Raises ValueError."""
    return datetime.fromisoformat(typed).replace(tzinfo=JAPAN) if typed.strip() else None


async def _page(request: Request, typed: Typed | None = None, problems: Mapping[str, str] | None = None) -> Response:
    return page_response(
        request,
        "pages/operations_switches.html",
        status=422 if problems else 200,
        switches=await closures.switches(),
        may_act=actor_of(request).is_any(Role.OPERATOR),
        typed=typed or {},
        problems=problems or {},
    )
