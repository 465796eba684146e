"""Asked of whoever is signed in when the terms or the text about personal data have a new version."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend import agreement
from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext
from frontend.forms import read_typed
from frontend.own_address import own_address
from frontend.responses import page_response


@only(second_factor=False, agreed=False)
async def page(request: Request) -> Response:
    context = PageContext.of(request)
    return page_response(
        request,
        "pages/account/agreement.html",
        headers=PRIVATE,
        texts=agreement.texts(context.locale),
        next_path=own_address(request.query_params.get("next", "")) or "",
    )


@only(second_factor=False, agreed=False)
async def submit(request: Request) -> Response:
    typed = await read_typed(request)
    await agreement.note(request, actor_of(request).person_id)
    onwards = own_address(typed.get("next", "")) or PageContext.of(request).url("/account")
    return RedirectResponse(onwards, status_code=303, headers=PRIVATE)
