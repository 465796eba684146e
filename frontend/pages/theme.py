"""Light or dark paper by choice instead of by device, without any script."""

from starlette.requests import Request
from starlette.responses import RedirectResponse

from frontend.context import THEME_COOKIE, THEMES, PageContext
from frontend.own_address import own_address

A_YEAR = 365 * 24 * 60 * 60


async def choose(request: Request) -> RedirectResponse:
    """Keep the choice in a cookie and return to the page it was made on; anything but a theme means "as the device"."""
    form = await request.form()
    back = str(form.get("back", "/"))
    page = PageContext.of(request)
    response = RedirectResponse(own_address(back) or page.url("/"), status_code=303)
    theme = form.get("theme")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE, str(theme), max_age=A_YEAR, samesite="lax", httponly=True, secure=not page.is_sandbox
        )
    else:
        response.delete_cookie(THEME_COOKIE)
    return response
