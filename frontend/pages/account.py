"""The overview of an account: orders, footprints, certificates, and which organisation one acts for."""

from starlette.requests import Request
from starlette.responses import Response

from frontend.access import actor_of, only
from frontend.responses import page_response
from marketplace.accounts import organisations


@only()
async def page(request: Request) -> Response:
    actor = actor_of(request)
    belongings = await organisations.of_person(actor.person_id)
    current = next((one.organisation for one in belongings if one.organisation.id == actor.organisation_id), None)
    return page_response(request, "pages/account/account.html", organisation=current)
