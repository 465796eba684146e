"""Around every request: an id that follows it, one log line, safe headers, bounds, and no naked exception."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

import structlog
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bearer import ReadKey, RefuseBadKey
from api.body_guard import BodyGuard, Uploads
from api.closed_doors import ClosedDoors
from api.errors import is_for_programs
from api.origin_guard import OriginGuard
from api.rate_limits import RateLimits
from api.settings import Settings
from marketplace.ids import new_id

log = structlog.get_logger()
_RawHeaders = list[tuple[bytes, bytes]]

REQUEST_ID = "X-Request-Id"
_SANE_ID = re.compile(r"[A-Za-z0-9_.:-]{8,80}")
# one evidence file of 10 MB in base64 and the JSON around it; single addresses take much less
LARGEST_BODY = 14_000_000
BODY_ARRIVES_WITHIN = timedelta(seconds=30)
# a list of attendees may have 100 MB; it is written to disk as it arrives
UPLOADS = Uploads(re.compile(r"/(?:ja|en)/calculate/[a-z]+"), most_bytes=110_000_000, within=timedelta(minutes=5))
_A_YEAR = 31_536_000

# pages have a stricter policy of their own (frontend/responses.py); this is for files and for answers without a body
FOR_ALL: Mapping[str, str] = {
    "Content-Security-Policy": "object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
FOR_PROGRAMS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}


def middleware(settings: Settings) -> list[Middleware]:
    """For Starlette(middleware=…), outermost first."""
    return [
        Middleware(RequestFrame, https=settings.base_url.scheme == "https"),
        Middleware(OriginGuard, origin=settings.origin),
        Middleware(ReadKey),
        Middleware(RateLimits, factor=settings.rate_limit_factor),
        Middleware(RefuseBadKey),
        Middleware(ClosedDoors),
        Middleware(BodyGuard, most_bytes=LARGEST_BODY, within=BODY_ARRIVES_WITHIN, uploads=UPLOADS),
    ]


class RequestFrame:
    """Gives each request its id, logs its outcome, and turns an unforeseen exception into its answer.

    What is logged is the name of the handler, never the path: paths carry the secret of a guest's order or footprint.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app, self._https = app, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get(REQUEST_ID))
        # a copy: the state of the lifespan belongs to all requests
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        sending = _Framed(send, self._headers(scope["path"], request_id))
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, sending)
            except Exception as error:
                if sending.status is not None:
                    raise
                handlers = scope["app"].exception_handlers
                handler = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
                response = await handler(Request(scope, receive), error)
                await response(scope, receive, sending)
            finally:
                log.info(
                    "request",
                    method=scope["method"],
                    handler=_handler_name(scope),
                    status=sending.status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )

    def _headers(self, path: str, request_id: str) -> _RawHeaders:
        return [(REQUEST_ID.lower().encode(), request_id.encode()), *_around(is_for_programs(path), https=self._https)]


@cache
def _around(for_programs: bool, *, https: bool) -> _RawHeaders:
    """What every answer says, as it goes over the line."""
    headers = {**FOR_ALL, **(FOR_PROGRAMS if for_programs else {})}
    if https:
        headers["Strict-Transport-Security"] = f"max-age={_A_YEAR}; includeSubDomains"
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class _Framed:
    """A `send` that adds headers the answer does not have, and remembers its status."""

    def __init__(self, send: Send, headers: _RawHeaders) -> None:
        self._send, self._headers = send, headers
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            present = {name.lower() for name, _ in given}
            message = {**message, "headers": given + [one for one in self._headers if one[0] not in present]}
        await self._send(message)


def _request_id(given: str | None) -> str:
    """The caller's own id if it is sane, so that its logs and ours can be laid side by side."""
    if given is not None and _SANE_ID.fullmatch(given):
        return given
    return new_id("req", datetime.now(UTC))


def _handler_name(scope: Scope) -> str | None:
    endpoint = scope.get("endpoint")
    return None if endpoint is None else f"{endpoint.__module__}.{endpoint.__qualname__}"
