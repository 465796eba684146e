"""Sign in by a link in a mail, and sign out."""

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import (
    PRIVATE,
    cookie_name,
    forget,
    is_https,
    keep_signed_in,
    noticing,
    only,
    signed_in_of,
    visitor_of,
)
from frontend.agreement import note_sign_in
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.own_address import own_address
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import links, sessions
from marketplace.accounts.errors import LinkNotUsable
from marketplace.accounts.retention import DEVICES_KEPT
from marketplace.accounts.secrets import new_secret
from marketplace.mail.address import AddressRefused

log = structlog.get_logger()

# The link's address is a secret until it is used: no other site may learn it.
SECRET_ADDRESS = {**PRIVATE, "Referrer-Policy": "no-referrer"}


@noticing
async def page(request: Request) -> Response:
    context = PageContext.of(request)
    wanted = own_address(request.query_params.get("next", "")) or ""
    if visitor_of(request) is not None and "again" not in request.query_params:
        return RedirectResponse(wanted or context.url("/account"), status_code=303, headers=PRIVATE)
    return _form(request, next_path=wanted, again=visitor_of(request) is not None)


async def submit(request: Request) -> Response:
    """Mail the link; the answer is the same for every address."""
    typed = await read_typed(request)
    context = PageContext.of(request)
    email, next_path = typed.get("email", "").strip(), own_address(typed.get("next", ""))
    browser = browser_of(request) or new_secret()
    try:
        await links.ask(services_of(request).market, email, locale=context.locale, browser=browser, next_path=next_path)
    except AddressRefused as refused:
        errors = {"email": sentence(refused.code, {}, context.locale)}
        return _form(request, email=email, next_path=next_path or "", errors=errors)
    minutes = int(links.LASTS.total_seconds() // 60)
    answer = page_response(request, "pages/account/link_sent.html", headers=PRIVATE, email=email, minutes=minutes)
    keep_browser(request, answer, browser)
    return answer


async def link(request: Request) -> Response:
    """Opening the link does nothing yet, since mail programs open links too; the button does."""
    return page_response(request, "pages/account/link.html", headers=SECRET_ADDRESS, refused=False)


async def redeem(request: Request) -> Response:
    context, mark = PageContext.of(request), mark_of(request)
    try:
        token, next_path = await links.redeem(
            services_of(request).market,
            request.path_params["token"],
            browser=browser_of(request) or "",
            device=request.headers.get("user-agent", ""),
            mark=mark,
        )
    except LinkNotUsable:
        log.warning("sign_in_refused", by="link")
        return page_response(request, "pages/account/link.html", status=410, headers=SECRET_ADDRESS, refused=True)
    await note_sign_in(request, token)
    answer = RedirectResponse(next_path or context.url("/account"), status_code=303, headers=PRIVATE)
    keep_signed_in(request, answer, token)
    keep_mark(request, answer, mark)
    return answer


@only(second_factor=False, agreed=False)
async def sign_out(request: Request) -> Response:
    signed_in = signed_in_of(request)
    await sessions.end(signed_in.actor.person_id, signed_in.session.id)
    # what the pages left in the browser goes too
    headers = {"Clear-Site-Data": '"cache", "storage"'}
    answer = RedirectResponse(PageContext.of(request).url("/"), status_code=303, headers=headers)
    forget(request, answer)
    return answer


def browser_of(request: Request) -> str | None:
    """The mark that the browser was given when it first asked for a link or a passkey."""
    return request.cookies.get(_browser_cookie(request))


def keep_browser(request: Request, response: Response, browser: str) -> None:
    response.set_cookie(
        _browser_cookie(request),
        browser,
        max_age=int(links.LASTS.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def mark_of(request: Request) -> str:
    """By which a browser is known again when somebody signs in with it; a fresh one if it has none."""
    return request.cookies.get(_mark_cookie(request)) or new_secret()


def keep_mark(request: Request, response: Response, mark: str) -> None:
    response.set_cookie(
        _mark_cookie(request),
        mark,
        max_age=int(DEVICES_KEPT.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def _mark_cookie(request: Request) -> str:
    return cookie_name(request).replace("session", "device")


def _browser_cookie(request: Request) -> str:
    return cookie_name(request).replace("session", "browser")


def _form(
    request: Request,
    *,
    email: str = "",
    next_path: str = "",
    again: bool = False,
    errors: dict[str, str] | None = None,
) -> Response:
    return page_response(
        request,
        "pages/account/sign_in.html",
        status=422 if errors else 200,
        headers=PRIVATE,
        email=email,
        next_path=next_path,
        again=again,
        errors=errors or {},
    )
