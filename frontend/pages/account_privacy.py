"""What we hold about a person: to take along, and to erase."""

import json

from starlette.requests import Request
from starlette.responses import Response

from frontend.access import PRIVATE, actor_of, forget, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import privacy
from marketplace.accounts.errors import AddressNotConfirmed, LastOwnerStays


@only(recent=True, agreed=False)
async def page(request: Request) -> Response:
    return page_response(request, "pages/account/privacy.html", errors={}, typed={})


@only(recent=True, agreed=False)
async def export(request: Request) -> Response:
    document = await privacy.export(actor_of(request), clock=services_of(request).market.clock)
    return Response(
        json.dumps(document, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={**PRIVATE, "Content-Disposition": 'attachment; filename="ashiato-person.json"'},
    )


@only(recent=True, agreed=False)
async def erase(request: Request) -> Response:
    typed = await read_typed(request)
    try:
        await privacy.erase(actor_of(request), typed.get("email", ""), clock=services_of(request).market.clock)
    except (AddressNotConfirmed, LastOwnerStays) as refused:
        locale = PageContext.of(request).locale
        errors = {"email": sentence(refused.code, refused.params, locale)}
        return page_response(request, "pages/account/privacy.html", status=422, errors=errors, typed=typed)
    request.scope["signed_in"] = None
    answer = page_response(request, "pages/account/erased.html", headers={"Clear-Site-Data": '"cache", "storage"'})
    forget(request, answer)
    return answer
