"""The script that shows badges on pages of others: one file per version, which never changes, so that pages can pin it."""

import base64
import hashlib
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from frontend.assets import FOR_EVER, STATIC
from frontend.compression import accepts_gzip, gzipped

ADDRESS = "/badge/v1.js"


async def serve_module(request: Request) -> Response:
    """To pages of any origin; with CORS, because only then a browser compares its hash."""
    headers = {
        "Cache-Control": FOR_EVER,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if accepts_gzip(request):
        return Response(_packed(), media_type="text/javascript", headers=headers | {"Content-Encoding": "gzip"})
    return Response(_module(), media_type="text/javascript", headers=headers)


@cache
def integrity() -> str:
    """The value of the script tag's `integrity` (Subresource Integrity)."""
    return f"sha384-{base64.b64encode(hashlib.sha384(_module()).digest()).decode()}"


@cache
def _module() -> bytes:
    return (STATIC / "badge" / "v1.js").read_bytes()


@cache
def _packed() -> bytes:
    return gzipped(_module())
