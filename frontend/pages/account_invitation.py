"""Read and accept an invitation. Having its link means reading the mailbox it went to, or having been given it at the console."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import keep_signed_in
from frontend.agreement import note_sign_in
from frontend.context import PageContext, services_of
from frontend.pages.account_sign_in import SECRET_ADDRESS, keep_mark, mark_of
from frontend.responses import page_response
from marketplace.accounts import invitations
from marketplace.accounts.errors import InvitationNotUsable


async def page(request: Request) -> Response:
    try:
        offer = await invitations.read(services_of(request).market, request.path_params["token"])
    except InvitationNotUsable:
        return _gone(request)
    return page_response(request, "pages/account/invitation.html", headers=SECRET_ADDRESS, offer=offer)


async def accept(request: Request) -> Response:
    context, mark = PageContext.of(request), mark_of(request)
    try:
        token = await invitations.accept(
            services_of(request).market,
            request.path_params["token"],
            locale=context.locale,
            device=request.headers.get("user-agent", ""),
            mark=mark,
        )
    except InvitationNotUsable:
        return _gone(request)
    await note_sign_in(request, token)
    answer = RedirectResponse(context.url("/account"), status_code=303, headers=SECRET_ADDRESS)
    keep_signed_in(request, answer, token)
    keep_mark(request, answer, mark)
    return answer


def _gone(request: Request) -> Response:
    return page_response(request, "pages/account/invitation.html", status=410, headers=SECRET_ADDRESS, offer=None)
