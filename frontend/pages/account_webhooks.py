"""Webhooks of an organisation: where its events are sent, and the log of every attempt. Its owners look after them."""

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.notifications import endpoints
from marketplace.notifications.endpoints import LONGEST_DESCRIPTION
from marketplace.notifications.errors import (
    AddressNotAllowed,
    EndpointExists,
    EndpointNotFound,
    EventNotFound,
    TooManyEndpoints,
)
from marketplace.notifications.kinds import EventType
from marketplace.notifications.models import Endpoint

# what is chosen on the page: all types of a noun at once
NOUNS = ("order", "retirement", "certificate", "product", "plan")
ROWS = 50
REPLAYED = {"1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}


@only(Role.OWNER)
async def page(request: Request) -> Response:
    return await _list(request, {})


@only(Role.OWNER)
async def submit(request: Request) -> Response:
    """Register an endpoint."""
    typed, context = await read_typed(request), PageContext.of(request)
    nouns = [noun for noun in NOUNS if typed.get(f"about/{noun}") == "yes"]
    types = [type_ for type_ in EventType if type_.partition(".")[0] in nouns]
    description = typed.get("description", "").strip().replace("\x00", "")
    errors = {}
    if not typed.get("url", "").strip():
        errors["url"] = sentence("required", {}, context.locale)
    if len(description) > LONGEST_DESCRIPTION:
        errors["description"] = sentence("too_long", {"most": LONGEST_DESCRIPTION}, context.locale)
    if not errors:
        try:
            made, secret = await endpoints.register(
                services_of(request).market,
                actor_of(request),
                typed["url"].strip(),
                types=types,
                description=description,
            )
        except AddressNotAllowed as refused:
            errors["url"] = sentence(f"webhook_address.{refused.params['reason']}", {}, context.locale)
        except (EndpointExists, TooManyEndpoints) as refused:
            errors["url"] = sentence(refused.code, refused.params, context.locale)
        else:
            return await _one(request, made, secret=secret)
    return await _list(request, typed, errors=errors, status=422)


@only(Role.OWNER)
async def one(request: Request) -> Response:
    return await _one(request, await _endpoint(request), done=request.query_params.get("done"))


@only(Role.OWNER)
async def act(request: Request) -> Response:
    """action=test, rotate, on, off, again (one event), replay (a while) or delete."""
    typed, context = await read_typed(request), PageContext.of(request)
    endpoint, market, actor = await _endpoint(request), services_of(request).market, actor_of(request)
    action = typed.get("action")
    match action:
        case "rotate":
            return await _one(request, endpoint, secret=await endpoints.rotate(market, actor, endpoint.id))
        case "delete":
            await endpoints.delete(market, actor, endpoint.id)
            return RedirectResponse(context.url("/account/webhooks"), status_code=303)
        case "test":
            await endpoints.send_test(market, actor, endpoint.id)
        case "on" | "off":
            await endpoints.switch(market, actor, endpoint.id, on=action == "on")
        case "again":
            try:
                await endpoints.replay(market, actor, endpoint.id, event_id=typed.get("event", ""))
            except EventNotFound:
                raise HTTPException(404) from None
        case "replay" if typed.get("since") in REPLAYED:
            await endpoints.replay(market, actor, endpoint.id, since=market.clock() - REPLAYED[typed["since"]])
        case _:
            raise HTTPException(400)
    return RedirectResponse(context.url(f"/account/webhooks/{endpoint.id}") + f"?done={action}", status_code=303)


async def _endpoint(request: Request) -> Endpoint:
    try:
        return await endpoints.find(actor_of(request), request.path_params["endpoint_id"])
    except EndpointNotFound:
        raise HTTPException(404) from None


async def _list(request: Request, typed: Typed, *, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    return page_response(
        request,
        "pages/account/webhooks.html",
        status=status,
        headers=PRIVATE,
        endpoints=await endpoints.of_organisation(endpoints.organisation_of(actor_of(request))),
        nouns=NOUNS,
        typed=typed,
        errors=errors or {},
    )


async def _one(request: Request, endpoint: Endpoint, *, secret: str | None = None, done: str | None = None) -> Response:
    """`done` names the act that led here, to say so."""
    return page_response(
        request,
        "pages/account/webhook.html",
        headers=PRIVATE,
        endpoint=endpoint,
        secret=secret,
        done=done if done in {"test", "on", "off", "again", "replay"} else None,
        log=await endpoints.log_of(actor_of(request), endpoint.id, limit=ROWS),
        replayed=list(REPLAYED),
    )
