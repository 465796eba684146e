"""Finished pages, kept for a moment: asking twice whether a certificate is genuine costs one row, not two examinations."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import HTMLResponse, Response


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as it was sent, and the tag by which browsers know it."""

    body: bytes
    headers: dict[str, str]
    tag: str

    def answer(self, known: str | None) -> Response:
        """The page, or a few bytes if the browser has it already (`known` is its If-None-Match)."""
        headers = self.headers | {"ETag": self.tag}
        return (
            Response(status_code=304, headers=headers)
            if known == self.tag
            else HTMLResponse(self.body, headers=headers)
        )


class KeptPages:
    """The `most` pages that were asked for last, each for as long as `lasts`. One for each process; nothing is shared."""

    def __init__(self, most: int, lasts: timedelta) -> None:
        self._most, self._lasts = most, lasts
        self._pages: OrderedDict[Hashable, tuple[datetime, KeptPage]] = OrderedDict()

    def find(self, key: Hashable, *, now: datetime) -> KeptPage | None:
        kept = self._pages.get(key)
        if kept is None:
            return None
        made_at, page = kept
        if not made_at <= now < made_at + self._lasts:
            del self._pages[key]
            return None
        self._pages.move_to_end(key)
        return page

    def keep(self, key: Hashable, page: KeptPage, *, now: datetime) -> None:
        self._pages[key] = now, page
        self._pages.move_to_end(key)
        while len(self._pages) > self._most:
            self._pages.popitem(last=False)
