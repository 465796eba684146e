"""Set up an authenticator app, show one of its codes, or take it away."""

import base64

import qrcode
import qrcode.image.svg
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import PRIVATE, keep_signed_in, only, signed_in_of
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.own_address import own_address
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import second_factor
from marketplace.accounts.errors import CodeRefused, SecondFactorAlreadySet, TooManyAttempts

log = structlog.get_logger()


@only(second_factor=False, agreed=False)
async def page(request: Request) -> Response:
    return await _page(request, next_path=own_address(request.query_params.get("next", "")) or "")


@only(second_factor=False, agreed=False)
async def submit(request: Request) -> Response:
    """action=confirm: the new app works; show: a code, to go on; remove: forget the app."""
    typed = await read_typed(request)
    signed_in, market = signed_in_of(request), services_of(request).market
    code, next_path = typed.get("code", "").strip(), own_address(typed.get("next", "")) or ""
    onwards = next_path or PageContext.of(request).url("/account")
    try:
        if typed.get("action") == "confirm":
            token, recovery = await second_factor.confirm(signed_in, code, seals=market.seals, clock=market.clock)
            answer: Response = page_response(
                request, "pages/account/recovery_codes.html", headers=PRIVATE, codes=recovery, onwards=onwards
            )
            keep_signed_in(request, answer, token)
            return answer
        if typed.get("action") == "remove":
            await second_factor.remove(signed_in.actor, code, seals=market.seals, clock=market.clock)
            return RedirectResponse(PageContext.of(request).url("/account/security"), status_code=303)
        token = await second_factor.show(signed_in, code, seals=market.seals, clock=market.clock)
    except (CodeRefused, TooManyAttempts, SecondFactorAlreadySet) as refused:
        log.warning("code_refused", code=refused.code, actor=signed_in.actor.person_id)
        status = 429 if isinstance(refused, TooManyAttempts) else 422
        return await _page(request, next_path=next_path, status=status, problem=refused.code, facts=refused.params)
    answer = RedirectResponse(onwards, status_code=303)
    keep_signed_in(request, answer, token)
    return answer


async def _page(
    request: Request,
    *,
    next_path: str,
    status: int = 200,
    problem: str | None = None,
    facts: dict[str, object] | None = None,
) -> Response:
    context, actor = PageContext.of(request), signed_in_of(request).actor
    is_set = await second_factor.is_set(actor.person_id)
    secret, picture = "", ""
    if not is_set:
        market = services_of(request).market
        secret = await second_factor.begin(actor.person_id, seals=market.seals, now=market.clock())
        picture = _qr(second_factor.address_for_app(secret, actor.email, sandbox=context.is_sandbox))
    return page_response(
        request,
        "pages/account/second_factor.html",
        status=status,
        headers=PRIVATE,
        is_set=is_set,
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        picture=picture,
        next_path=next_path,
        errors={"code": sentence(problem, facts or {}, context.locale)} if problem else {},
    )


def _qr(text: str) -> str:
    """As a data address: the picture is a secret and must never be a file."""
    drawing = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=4)
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.to_string()).decode()
