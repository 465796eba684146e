"""How one signs in: passkeys, authenticator app, and the browsers where one is signed in."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only, signed_in_of
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.responses import page_response
from marketplace.accounts import passkeys, second_factor, sessions


@only(recent=True)
async def page(request: Request) -> Response:
    signed_in, clock = signed_in_of(request), services_of(request).market.clock
    person_id = signed_in.actor.person_id
    return page_response(
        request,
        "pages/account/security.html",
        sessions=await sessions.of_person(person_id, now=clock()),
        current=signed_in.session.id,
        passkeys=await passkeys.of_person(person_id),
        has_app=await second_factor.is_set(person_id),
    )


@only(recent=True)
async def submit(request: Request) -> Response:
    """action=end: one session; end_others: all but this one; remove_passkey."""
    typed, signed_in = await read_typed(request), signed_in_of(request)
    person_id = actor_of(request).person_id
    match typed.get("action"):
        case "end":
            await sessions.end(person_id, typed.get("session", ""))
        case "end_others":
            await sessions.end_all(person_id, but=signed_in.session.id)
        case "remove_passkey":
            clock = services_of(request).market.clock
            await passkeys.remove(actor_of(request), typed.get("passkey", ""), clock=clock)
        case _:
            raise HTTPException(400)
    return RedirectResponse(PageContext.of(request).url("/account/security"), status_code=303)
