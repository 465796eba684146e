"""No body is endless: neither in bytes nor in time."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import BodyTooLarge, BodyTooSlow


@dataclass(frozen=True, slots=True)
class Uploads:
    """Paths that take large files, which go to disk as they arrive, and their own bounds."""

    paths: re.Pattern[str]
    most_bytes: int
    within: timedelta


class BodyGuard:
    """Refuses a body above `most_bytes`, or one that is not complete `within` the first look at it; for `uploads` their own
    bounds count.

    The refusal is raised where the body is read, so that it leaves through the same door as every other.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int, within: timedelta, uploads: Uploads | None = None) -> None:
        self._app, self._most_bytes, self._within, self._uploads = app, most_bytes, within, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            bounds = (self._most_bytes, self._within)
            if self._uploads is not None and self._uploads.paths.fullmatch(scope["path"]):
                bounds = (self._uploads.most_bytes, self._uploads.within)
            receive = _Guarded(receive, Headers(scope=scope), *bounds)
        await self._app(scope, receive, send)


class _Guarded:
    def __init__(self, receive: Receive, headers: Headers, most_bytes: int, within: timedelta) -> None:
        self._receive, self._most_bytes, self._within = receive, most_bytes, within
        announced = headers.get("content-length", "")
        self._announced = int(announced) if announced.isascii() and announced.isdigit() else 0
        self._arrived = 0
        self._complete = False
        self._deadline: float | None = None

    async def __call__(self) -> Message:
        if self._complete:
            # what follows a complete body is the wait for the caller to hang up, which may take as long as it likes
            return await self._receive()
        if self._announced > self._most_bytes:
            raise self._too_large()
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._within.total_seconds()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            seconds = self._within.total_seconds()
            # the rest of the body would be taken for the next request on this connection
            raise BodyTooSlow(
                f"the body was not complete within {seconds:.0f} s",
                headers={"Connection": "close"},
                within_seconds=seconds,
            ) from None
        self._arrived += len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        if self._arrived > self._most_bytes:
            raise self._too_large()
        return message

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"at most {self._most_bytes} bytes are taken",
            headers={"Connection": "close"},
            most_bytes=self._most_bytes,
        )
