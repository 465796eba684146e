"""Who may open a page: declared on its handler, checked before it runs. A handler that declares nothing is open to everyone.

    @only(Role.OPERATOR)        # not signed in: to the sign-in page and back; another role: as if there were no such page
    async def page(request): ... actor_of(request) ...

    @only()                     # anyone who is signed in
    @noticing                   # open to everyone; knows who is signed in, if anyone is

Whatever a signed-in browser sends must come from a form of ours: see `_check_form`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.agreement import versions_in_force
from frontend.context import FORMS_TOKEN_FIELD, PageContext, services_of
from frontend.forms import read_typed
from marketplace.accounts import agreements, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import NEED_SECOND_FACTOR, Role
from marketplace.accounts.sessions import LASTS, SignedIn

Handler = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger()

FORMS_TOKEN_HEADER = "X-Forms-Token"  # noqa: S105 - the name of a header
PRIVATE = {"Cache-Control": "no-store"}
_READ_ONLY = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who may: `roles` of which one is enough; empty for anyone signed in. `open`: also those who are not signed in."""

    roles: frozenset[Role] = frozenset()
    open: bool = False
    second_factor: bool = False
    recent: bool = False
    agreed: bool = True


def access_of(handler: object) -> Access:
    """As the handler declares it; public unless it does."""
    declared = getattr(handler, "access", None)
    return declared if isinstance(declared, Access) else Access(open=True)


def only(
    *roles: Role, second_factor: bool = True, recent: bool = False, agreed: bool = True
) -> Callable[[Handler], Handler]:
    """Only somebody signed in who has one of `roles`, or anyone signed in if none is named.

    Roles that need a second factor get it asked for first; `second_factor=False` is for the pages where it is shown.
    `recent` asks for a new sign-in if the last one is a while ago, before ways to sign in or the person itself can go.
    Terms of a new version are asked for first; `agreed=False` is for pages where one may go, take one's data along or leave without.
    """
    access = Access(frozenset(roles), second_factor=second_factor, recent=recent, agreed=agreed)

    def declare(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            signed_in = await signed_in_at(request)
            if signed_in is None:
                return _to(request, "/sign-in")
            actor = signed_in.actor
            if access.roles and not actor.is_any(*access.roles):
                log.warning("access_refused", why="role", actor=actor.person_id)
                raise HTTPException(404)
            if access.second_factor and not signed_in.second_factor and _is_asked_for_second_factor(access, actor):
                return _to(request, "/account/second-factor")
            if access.recent and not signed_in.is_recent(services_of(request).market.clock()):
                return _to(request, "/sign-in", again="1")
            if access.agreed and not await agreements.has_agreed(actor.person_id, versions_in_force()):
                return _to(request, "/account/agreement")
            await _check_form(request, signed_in)
            response = await handler(request)
            response.headers["Cache-Control"] = PRIVATE["Cache-Control"]
            return response

        guarded.access = access  # type: ignore[attr-defined]  # read by access_of
        return guarded

    return declare


def noticing(handler: Handler) -> Handler:
    """Open to everyone; if somebody is signed in, `visitor_of` names it, and what it sends must come from our own form."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        signed_in = await signed_in_at(request)
        if signed_in is not None:
            await _check_form(request, signed_in)
        return await handler(request)

    guarded.access = Access(open=True)  # type: ignore[attr-defined]  # read by access_of
    return guarded


def actor_of(request: Request) -> Actor:
    """Who acts, inside a handler marked with `only`."""
    return signed_in_of(request).actor


def signed_in_of(request: Request) -> SignedIn:
    """The session and its actor, inside a handler marked with `only`."""
    signed_in: SignedIn = request.scope["signed_in"]
    return signed_in


def visitor_of(request: Request) -> Actor | None:
    """Who is signed in, inside a handler marked with `noticing`."""
    signed_in: SignedIn | None = request.scope["signed_in"]
    return signed_in.actor if signed_in else None


async def signed_in_at(request: Request) -> SignedIn | None:
    """Looked up once per request, and only if a cookie was sent."""
    if "signed_in" not in request.scope:
        token = request.cookies.get(cookie_name(request))
        now = services_of(request).market.clock()
        request.scope["signed_in"] = await sessions.find(token, now=now) if token else None
    found: SignedIn | None = request.scope["signed_in"]
    return found


def is_https(request: Request) -> bool:
    return services_of(request).public_origin.startswith("https://")


def cookie_name(request: Request) -> str:
    """Over https a name that no other host and no insecure page can set."""
    return "__Host-session" if is_https(request) else "session"


def keep_signed_in(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, response: Response) -> None:
    response.delete_cookie(cookie_name(request), path="/", secure=is_https(request), httponly=True, samesite="lax")


def _is_asked_for_second_factor(access: Access, actor: Actor) -> bool:
    """Where a page is for several roles, whoever has one of them that needs it shows it."""
    asked = access.roles or actor.roles
    return actor.is_any(*(NEED_SECOND_FACTOR & asked))


async def _check_form(request: Request, signed_in: SignedIn) -> None:
    """A browser sends its cookie along whoever made the form. Ours carries a token that nobody else can know.

    Where the request comes from is checked for every page in api/origin_guard.py; this is the second lock.
    """
    if request.method in _READ_ONLY:
        return
    given = request.headers.get(FORMS_TOKEN_HEADER) or (await read_typed(request)).get(FORMS_TOKEN_FIELD, "")
    if not signed_in.sent_by_own_form(given):
        log.warning("access_refused", why="foreign_form", actor=signed_in.actor.person_id)
        raise HTTPException(403)


def _to(request: Request, path: str, **more: str) -> Response:
    page = PageContext.of(request)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    # what a form sent is gone after a sign-in, so it leads to the page where it was filled in
    back = more | ({"next": wanted} if request.method in _READ_ONLY else {})
    address = page.url(path) + (f"?{urlencode(back)}" if back else "")
    return RedirectResponse(address, status_code=303, headers=PRIVATE)
