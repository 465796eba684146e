"""What a browser sends to a page comes from a page of ours. Programs without a browser say nothing of this and carry no cookies."""

from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import is_for_programs

log = structlog.get_logger()

_READ_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})
# "none": the person itself sent it again, from the address bar
_OWN_SITES = frozenset({"same-origin", "none"})


class OriginGuard:
    """Refuses with 403 what another site makes a browser send, by Sec-Fetch-Site, or by Origin where a browser is too old for it."""

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self._app, self._origin = app, origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] not in _READ_ONLY
            and not is_for_programs(scope["path"])
            and not self._is_ours(Headers(scope=scope))
        ):
            log.warning("access_refused", why="foreign_origin")
            raise HTTPException(403)
        await self._app(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        if (site := headers.get("sec-fetch-site")) is not None:
            return site in _OWN_SITES
        if (origin := headers.get("origin")) is not None:
            return origin == self._origin or urlsplit(origin).netloc == headers.get("host")
        return True
