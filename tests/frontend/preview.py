"""The pages alone, with their stores in memory: for tests, and to look at while working.

python -m tests.frontend.preview [port]
"""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import uvicorn
from starlette.applications import Starlette

from frontend.context import DraftStore, FootprintStore
from frontend.order_news import OrderNews
from frontend.pages.errors import exception_handlers
from frontend.routes import routes
from marketplace.market import Market
from offset_calc import Footprint
from offset_calc.recall import Recall
from tests.builders.market import a_small_market


class FootprintsInMemory:
    """A footprint store that forgets everything when the process ends."""

    def __init__(self) -> None:
        self._kept: dict[str, Footprint] = {}
        self.recalls: list[Recall] = []

    async def save(self, footprint: Footprint) -> str:
        footprint_id = f"fp_{token_hex(8)}"
        self._kept[footprint_id] = footprint
        return footprint_id

    async def load(self, footprint_id: str) -> Footprint | None:
        return self._kept.get(footprint_id)

    async def recalled(self, footprint: Footprint) -> Sequence[Recall]:
        used = {factor.id for factor in footprint.factors()}
        return [recall for recall in self.recalls if recall.factor_id in used]

    def all(self) -> tuple[Footprint, ...]:
        return tuple(self._kept.values())

    def only(self) -> Footprint:
        """The one footprint that was saved."""
        (footprint,) = self._kept.values()
        return footprint


class DraftsInMemory:
    """Forms to be continued, as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], dict[str, str]] = {}

    async def save(self, footprint_type: str, typed: Mapping[str, str]) -> str:
        draft_id = f"drf_{token_hex(8)}"
        self._kept[draft_id, footprint_type] = dict(typed)
        return draft_id

    async def load(self, draft_id: str, footprint_type: str) -> dict[str, str] | None:
        return self._kept.get((draft_id, footprint_type))


@dataclass
class PreviewServices:
    """The market stands on fakes; its pages need a database that is connected and migrated."""

    environment: str = "sandbox"
    public_origin: str = "https://ashiato.example"
    footprints: FootprintStore = field(default_factory=FootprintsInMemory)
    drafts: DraftStore = field(default_factory=DraftsInMemory)
    market: Market = field(default_factory=lambda: a_small_market().market)


def preview_app(services: PreviewServices | None = None) -> Starlette:
    at_hand = services or PreviewServices()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        yield {"services": at_hand}

    app = Starlette(routes=routes(), lifespan=lifespan, exception_handlers=dict(exception_handlers()))
    app.state.order_news = OrderNews(every_seconds=0.01)
    return app


if __name__ == "__main__":
    uvicorn.run(preview_app(), host="127.0.0.1", port=int(sys.argv[1]) if len(sys.argv) > 1 else 8100)
