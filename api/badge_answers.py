"""How badges are sent: to pages of any origin, kept for minutes, and never as a broken picture.

A revoked badge is gone everywhere within ten minutes: an answer is kept here for a minute at most, and by caches and browsers
for five, after which they must ask again.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from api.errors import row_of
from api.kept_answers import KeptAnswers, takes_pictures, unconditional
from api.problems import AddressUnknown, InputRefused
from certificates.badges.drawing import Layout, blank_svg, style_source
from certificates.badges.looks import Theme
from certificates.records import CertificateNotFound
from certificates.sheet import Locale
from marketplace.badges.badge import BadgeNotOffered
from marketplace.products.errors import ProductNotFound

SVG = "image/svg+xml"
FIVE_MINUTES = "public, max-age=300, must-revalidate"
# where there is no badge now there may be one soon
A_MINUTE = "public, max-age=60"
FOR_ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
REFUSALS = (AddressUnknown, InputRefused, CertificateNotFound, ProductNotFound, BadgeNotOffered)

LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
DEFAULT_LAYOUT: Final[Layout] = "card"
DEFAULT_THEME: Final[Theme] = "light"

_kept = KeptAnswers(most_bytes=48_000_000, lasts=timedelta(minutes=1))


async def kept_or_calm(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """The answer of a moment ago, or a new one. Where there is none, an `img` gets a picture that says so, with the same status.

    Everyone else gets the problem document.
    """
    now = request.state["services"].market.clock()
    kept = _kept.find(request, now)
    if kept is None:
        try:
            response = await answer(unconditional(request))
        except REFUSALS as refusal:
            if not takes_pictures(request.headers):
                raise
            return _calm(request, row_of(refusal).status)
        kept = _kept.keep(request, response, now)
    return kept.to(request)


def svg_answer(svg: str) -> Response:
    """A drawing may be opened by itself too: then its own style sheet is the one thing that it may load."""
    source = style_source(svg)
    policy = "default-src 'none'; frame-ancestors 'none'" + (f"; style-src {source}" if source else "")
    return Response(svg, media_type=SVG, headers=FOR_ANY_ORIGIN | {"Content-Security-Policy": policy})


def _calm(request: Request, status: int) -> Response:
    """In the layout, theme and language asked for, as far as there are such."""
    asked = request.query_params
    layout = next((name for name in LAYOUTS if name == asked.get("layout")), DEFAULT_LAYOUT)
    theme = next((name for name in THEMES if name == asked.get("theme")), DEFAULT_THEME)
    locale: Locale = "en" if asked.get("lang") == "en" else "ja"
    response = svg_answer(blank_svg(layout=layout, theme=theme, locale=locale))
    response.status_code = status
    response.headers.update({"Cache-Control": A_MINUTE, "Vary": "Accept"})
    return response
