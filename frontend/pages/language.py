"""The bare address `/`: send a visitor to the language their browser asks for."""

from starlette.requests import Request
from starlette.responses import RedirectResponse

from frontend.context import address
from frontend.locales import negotiate


async def choose(request: Request) -> RedirectResponse:
    locale = negotiate(request.headers.get("accept-language", ""))
    headers = {"Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return RedirectResponse(address(locale, "/"), status_code=302, headers=headers)
