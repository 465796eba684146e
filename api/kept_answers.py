"""Finished public answers, kept for a moment in this process: what thousands of pages show is worked out once."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The whole answer, and the one for whoever has it already."""

    whole: Response
    not_modified: Response
    etag: bytes
    made_at: datetime

    def to(self, request: Request) -> Response:
        """By If-None-Match."""
        known = next((value for name, value in request.scope["headers"] if name == b"if-none-match"), None)
        return self.whole if known is None or self.etag not in known else self.not_modified


class KeptAnswers:
    """The answers that were asked for last, `most_bytes` of them, each for as long as `lasts`. Nothing is shared."""

    def __init__(self, *, most_bytes: int, lasts: timedelta) -> None:
        self._most_bytes, self._lasts = most_bytes, lasts
        self._answers: OrderedDict[Key, KeptAnswer] = OrderedDict()
        self._bytes = 0

    def find(self, request: Request, now: datetime) -> KeptAnswer | None:
        kept = self._answers.get(_key(request))
        if kept is None or not kept.made_at <= now < kept.made_at + self._lasts:
            return None
        return kept

    def keep(self, request: Request, response: Response, now: datetime) -> KeptAnswer:
        """`response` is a 200 with an ETag. The oldest answers make room for it."""
        key = _key(request)
        self._drop(key)
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        bare = {name: value for name, value in headers.items() if name != "content-type"}
        kept = KeptAnswer(response, Response(status_code=304, headers=bare), response.headers["etag"].encode(), now)
        self._answers[key] = kept
        self._bytes += len(response.body)
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._answers)))
        return kept

    def _drop(self, key: Key) -> None:
        if (dropped := self._answers.pop(key, None)) is not None:
            self._bytes -= len(dropped.whole.body)


def unconditional(request: Request) -> Request:
    """The same request without If-None-Match, so that its answer is a whole one that can be kept."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"if-none-match"]
    return Request({**request.scope, "headers": headers}, request.receive)


def takes_pictures(headers: Headers) -> bool:
    """Whether a picture is what the caller can show: browsers say so for an `img`, programs do not."""
    return "image/" in headers.get("accept", "")


def _key(request: Request) -> Key:
    return request.scope["path"], request.scope["query_string"]
