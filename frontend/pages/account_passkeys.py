"""What the script of the sign-in and security pages asks for: options for the authenticator, and what to do with its answer."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.access import PRIVATE, actor_of, keep_signed_in, only
from frontend.agreement import note_sign_in
from frontend.context import PageContext, services_of
from frontend.own_address import own_address
from frontend.pages.account_sign_in import browser_of, keep_browser, keep_mark, mark_of
from marketplace.accounts import passkeys
from marketplace.accounts.errors import PasskeyRefused
from marketplace.accounts.secrets import new_secret

log = structlog.get_logger()

MOST_BYTES = 20_000


async def sign_in_options(request: Request) -> Response:
    browser = browser_of(request) or new_secret()
    options = await passkeys.sign_in_options(services_of(request).market, browser=browser)
    return _options(request, options, browser)


async def sign_in(request: Request) -> Response:
    """Answers with the address to go on to."""
    answer = await _answer(request)
    device, mark = request.headers.get("user-agent", ""), mark_of(request)
    try:
        token = await passkeys.sign_in(
            services_of(request).market, answer, browser=browser_of(request) or "", device=device, mark=mark
        )
    except PasskeyRefused as refused:
        log.warning("sign_in_refused", by="passkey")
        raise HTTPException(403) from refused
    await note_sign_in(request, token)
    onwards = own_address(request.query_params.get("next", "")) or PageContext.of(request).url("/account")
    response = JSONResponse({"next": onwards}, headers=PRIVATE)
    keep_signed_in(request, response, token)
    keep_mark(request, response, mark)
    return response


@only(recent=True)
async def add_options(request: Request) -> Response:
    browser = browser_of(request) or new_secret()
    options = await passkeys.registration_options(services_of(request).market, actor_of(request), browser=browser)
    return _options(request, options, browser)


@only(recent=True)
async def add(request: Request) -> Response:
    answer, name = await _answer(request), request.query_params.get("name", "")
    try:
        await passkeys.register(
            services_of(request).market, actor_of(request), answer, name, browser=browser_of(request) or ""
        )
    except PasskeyRefused as refused:
        raise HTTPException(403) from refused
    return JSONResponse({"next": PageContext.of(request).url("/account/security")}, headers=PRIVATE)


async def _answer(request: Request) -> str:
    body = await request.body()
    if len(body) > MOST_BYTES:
        raise HTTPException(413)
    return body.decode("utf-8", errors="replace")


def _options(request: Request, options: str, browser: str) -> Response:
    response = Response(options, media_type="application/json", headers=PRIVATE)
    keep_browser(request, response, browser)
    return response
