"""API keys of an organisation: made and revoked by its owners; a new key is shown once."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import keys
from marketplace.accounts.errors import ApiKeyUnknown
from marketplace.accounts.keys import LONGEST_NAME, Scope
from marketplace.accounts.roles import Role

LIFETIMES = {"30": 30, "90": 90, "365": 365}


@only(Role.OWNER)
async def page(request: Request) -> Response:
    return await _page(request, {"lifetime": "90"})


@only(Role.OWNER)
async def submit(request: Request) -> Response:
    """action=create or revoke."""
    typed, clock = await read_typed(request), services_of(request).market.clock
    actor, context = actor_of(request), PageContext.of(request)
    if typed.get("action") == "revoke":
        try:
            await keys.revoke(actor, typed.get("key", ""), clock=clock)
        except ApiKeyUnknown:
            # revoked in another window a moment ago, which is what was wanted
            return await _page(request, typed, status=409)
        return RedirectResponse(context.url("/account/keys"), status_code=303)
    name = typed.get("name", "").strip()
    scopes = [scope.value for scope in Scope if typed.get(f"scope/{scope}") == "yes"]
    errors = {}
    if not name or len(name) > LONGEST_NAME:
        code, facts = ("too_long", {"most": LONGEST_NAME}) if name else ("required", {})
        errors["name"] = sentence(code, facts, context.locale)
    if not scopes:
        errors["scopes"] = sentence("no_scope_chosen", {}, context.locale)
    if typed.get("lifetime") not in LIFETIMES:
        errors["lifetime"] = sentence("unknown_choice", {}, context.locale)
    if errors:
        return await _page(request, typed, errors=errors, status=422)
    _, secret = await keys.create(
        actor,
        name,
        scopes,
        environment=context.environment,
        expires_at=clock() + timedelta(days=LIFETIMES[typed["lifetime"]]),
        clock=clock,
    )
    return await _page(request, {"lifetime": "90"}, made=secret)


async def _page(
    request: Request,
    typed: Typed,
    *,
    errors: dict[str, str] | None = None,
    made: str | None = None,
    status: int = 200,
) -> Response:
    organisation_id = actor_of(request).organisation_id
    assert organisation_id is not None  # noqa: S101 - an owner has one
    now = services_of(request).market.clock()
    rows = [
        (key, "revoked" if key.revoked_at else "expired" if key.expires_at and key.expires_at <= now else "living")
        for key in await keys.of_organisation(organisation_id)
    ]
    return page_response(
        request,
        "pages/account/keys.html",
        status=status,
        headers=PRIVATE,
        keys=rows,
        scopes=list(Scope),
        lifetimes=list(LIFETIMES),
        typed=typed,
        made=made,
        errors=errors or {},
    )
