"""What has stopped and needs a person, with the buttons that let it go on. Every act asks for a reason."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import table_of
from frontend.wording import words as say
from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.operations import attention, service

Act = Callable[[Market, Actor, str, str | None], Awaitable[None]]
ACTS: Mapping[str, Act] = {
    "run_again": service.run_again,
    "ask_again": service.ask_again,
    "give_up": service.give_up,
}


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    return await _overview(request)


@only(Role.OPERATOR)
async def submit(request: Request) -> Response:
    typed = await read_typed(request)
    act = ACTS.get(typed.get("action", ""))
    if act is None:
        raise HTTPException(404)
    try:
        await act(services_of(request).market, actor_of(request), typed.get("id", ""), typed.get("reason"))
    except MarketplaceError as refused:
        problem = sentence(refused.code, refused.params, PageContext.of(request).locale)
        return await _overview(request, status=422, problem=problem, typed=typed)
    return RedirectResponse(PageContext.of(request).url("/operations"), status_code=303)


async def _overview(
    request: Request, *, status: int = 200, problem: str = "", typed: Mapping[str, str] | None = None
) -> Response:
    locale = PageContext.of(request).locale
    words = MarketWords(locale)
    return page_response(
        request,
        "pages/operations.html",
        status=status,
        needed=await attention.needed(),
        may_act=actor_of(request).is_any(Role.OPERATOR),
        registry=words.registry,
        why=lambda reasons: words.list_of([review_reason(code, locale) for code in reasons.split(",")]),
        problem=problem,
        typed=typed or {},
    )


def review_reason(code: str, locale: Locale) -> str:
    """Words for why a retirement stopped; a registry's own code, which we cannot know beforehand, stands as it is."""
    known = f"review.{code}"
    return say("operations", known, locale) if known in table_of("operations", locale) else code
