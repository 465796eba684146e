"""Style sheets, scripts and images, under addresses that change with their content.

A page asks for `static_url("site.css")` and gets `/static/<hash>/site.css`, which browsers may keep for ever. The parts of
`site.css` are small files in static/site, joined here, so that a page needs one request and nothing has to be built.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frontend.compression import accepts_gzip, gzipped

STATIC = Path(__file__).parent / "static"
SHEETS = {
    "site.css": (
        "tokens.css",
        "base.css",
        "frame.css",
        "ledger.css",
        "forms.css",
        "notices.css",
        "states.css",
        "disclosure.css",
        "calculator.css",
        "orders.css",
        "certificate.css",
        "badges.css",
        "plans.css",
        "desk.css",
        "account.css",
        "pages.css",
    ),
    "print.css": ("print.css",),
}
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent, plain or packed; `digest` is the start of its SHA-256."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


def static_url(name: str) -> str:
    """Return the address of the asset `name`. Raises: KeyError if there is none, so that a typo fails the page's test."""
    return f"/static/{assets()[name].digest}/{name}"


async def serve_asset(request: Request) -> Response:
    """Send an asset. An address with another hash gets the present content, uncached: it stems from a page
    that an older or newer release has rendered during a change-over."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        return Response(status_code=404)
    current = request.path_params["digest"] == asset.digest
    headers = {
        "Cache-Control": FOR_EVER if current else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if accepts_gzip(request):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.body, media_type=asset.media_type, headers=headers)


def asset_routes() -> list[Route]:
    return [Route("/static/{digest}/{name:path}", serve_asset, name="static")]


@cache
def assets() -> dict[str, Asset]:
    joined = {
        sheet: b"\n".join((STATIC / "site" / part).read_bytes() for part in parts) for sheet, parts in SHEETS.items()
    }
    single = {
        path.relative_to(STATIC).as_posix(): path.read_bytes()
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and path.parent != STATIC / "site"
    }
    return {name: _asset(name, body) for name, body in {**joined, **single}.items()}


def _asset(name: str, body: bytes) -> Asset:
    return Asset(body, gzipped(body), MEDIA_TYPES[Path(name).suffix], hashlib.sha256(body).hexdigest()[:16])
