"""The mails of an embedded instance, to be read instead of being sent. Nowhere else: sign-in links stand in them."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.context import services_of
from frontend.responses import page_response
from marketplace.mail import mailbox

NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


async def page(request: Request) -> Response:
    _refuse_elsewhere(request)
    recipient = request.query_params.get("to", "").strip()
    letters = await mailbox.latest(recipient or None)
    return page_response(request, "pages/mailbox.html", headers=NEVER_KEPT, letters=letters, recipient=recipient)


async def letter(request: Request) -> Response:
    _refuse_elsewhere(request)
    found = await mailbox.find(request.path_params["mail_id"])
    if found is None:
        raise HTTPException(404)
    return page_response(request, "pages/mail.html", headers=NEVER_KEPT, letter=found)


def _refuse_elsewhere(request: Request) -> None:
    if not services_of(request).market.post.keeps_copies:
        raise HTTPException(404)
