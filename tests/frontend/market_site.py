"""The pages over a real database, in the event loop of the test: requests in memory, no server, no thread."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from lxml import html
from starlette.types import Receive, Scope, Send

from frontend.worked_example import example_inputs
from marketplace.footprints.service import FootprintDrafts, StoredFootprints
from offset_calc import event
from tests.builders.market import SmallMarket
from tests.frontend.preview import PreviewServices, preview_app


@dataclass
class MarketSite:
    """A visitor's browser without JavaScript; redirects are not followed, so that a test sees them."""

    client: httpx.AsyncClient
    services: PreviewServices
    small: SmallMarket

    async def page(self, address: str, status: int = 200) -> html.HtmlElement:
        answer = await self.client.get(address)
        assert answer.status_code == status, answer.text[:500]
        return html.fromstring(answer.content)

    async def press(self, page: html.HtmlElement, button: str | None = None, **typed: str | None) -> httpx.Response:
        """Send the page's main form with `typed` over its present content; None leaves a field out."""
        form = next(form for form in page.forms if "/theme" not in (form.action or ""))
        fields = {name: value for name, value in form.form_values() if name != "action"} | typed
        if button is not None:
            fields["action"] = button
        sent = {name: value for name, value in fields.items() if value is not None}
        return await self.client.post(form.action, data=sent)

    async def a_footprint(self, **changes: Any) -> str:
        """Keep the Sapporo conference, or a variant of it; returns its id."""
        inputs: Mapping[str, Any] = {**example_inputs(), **changes}
        return await self.services.footprints.save(event.calculate(event.read_inputs(inputs)))


@asynccontextmanager
async def market_site(small: SmallMarket, environment: str = "sandbox") -> AsyncIterator[MarketSite]:
    services = PreviewServices(
        environment=environment,
        footprints=StoredFootprints(small.clock),
        drafts=FootprintDrafts(small.clock),
        market=small.market,
    )
    app = preview_app(services)

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {"services": services}}, receive, send)

    transport = httpx.ASGITransport(app=with_state)
    async with httpx.AsyncClient(transport=transport, base_url="https://ashiato.example") as client:
        yield MarketSite(client, services, small)
