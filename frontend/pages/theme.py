"""Light or dark paper by choice instead of by device, without any script."""

from starlette.requests import Request
from starlette.responses import RedirectResponse

from frontend.context import THEMES, PageContext, services_of, theme_cookie
from frontend.own_address import own_address

A_YEAR = 365 * 24 * 60 * 60


async def choose(request: Request) -> RedirectResponse:
    """Keep the choice in a cookie and return to the page it was made on; anything but a theme means "as the device"."""
    form = await request.form()
    back = str(form.get("back", "/"))
    page, cookie = PageContext.of(request), theme_cookie(services_of(request))
    secure = cookie.startswith("__Host-")
    response = RedirectResponse(own_address(back) or page.url("/"), status_code=303)
    theme = form.get("theme")
    if theme in THEMES:
        response.set_cookie(cookie, str(theme), max_age=A_YEAR, samesite="lax", httponly=True, secure=secure)
    else:
        response.delete_cookie(cookie, samesite="lax", httponly=True, secure=secure)
    return response
