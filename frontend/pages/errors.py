"""Pages for what could not be shown: a wrong address, a method that does not exist here, a fault of ours."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext
from frontend.formatting import moment
from frontend.responses import page_response
from marketplace.closures.errors import ClosedForNow

# Statuses with a sentence of their own; the others share one that names the number.
KNOWN = frozenset({400, 403, 404, 405, 410, 413, 429, 500, 503})


async def refused(request: Request, error: Exception) -> Response:
    """Render an HTTPException with its status and headers (Retry-After, Allow)."""
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class only
    return error_page(request, error.status_code, headers=error.headers)


async def failed(request: Request, error: Exception) -> Response:
    """Render a fault that nobody foresaw. The exception itself is logged by the server, never shown."""
    return error_page(request, 500)


async def closed(request: Request, error: Exception) -> Response:
    """What an operator has closed, until when, and what works all the same."""
    assert isinstance(error, ClosedForNow)  # noqa: S101  # registered for this class only
    opens_at = error.params["opens_at"]
    return page_response(
        request,
        "pages/closed.html",
        status=503,
        headers={"Retry-After": str(error.params["retry_after_seconds"]), "Cache-Control": "no-store"},
        what=error.params["what"],
        opens_at=moment(datetime.fromisoformat(str(opens_at)), locale=PageContext.of(request).locale)
        if opens_at
        else "",
    )


def error_page(request: Request, status: int, *, headers: Mapping[str, str] | None = None) -> Response:
    kind = f"status_{status}" if status in KNOWN else "status_other"
    return page_response(
        request,
        "pages/error.html",
        status=status,
        headers={**(headers or {}), "Cache-Control": "no-store"},
        kind=kind,
        status_code=status,
    )


def exception_handlers() -> Mapping[Any, Callable[[Request, Exception], Any]]:
    """For Starlette(exception_handlers=…), on the addresses that are pages."""
    return {HTTPException: refused, ClosedForNow: closed, Exception: failed}
