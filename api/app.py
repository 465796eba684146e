"""Everything is wired together here: settings, services, pages, API and webhooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette

import api.v1
import frontend.routes
from api import public_log, wellknown
from api.errors import exception_handlers
from api.mail_wording import mail_wording
from api.middleware import middleware
from api.services import Services, running_market, services
from api.settings import Settings
from api.webhooks import shops, stripe
from certificates.statement import Environment
from frontend.content_pages import refuse_gaps
from frontend.order_news import OrderNews
from frontend.pages.errors import exception_handlers as error_pages


class AppState(TypedDict):
    services: Services


def create_app(settings: Settings) -> Starlette:
    """The whole web application; it opens its connections when it starts and closes them when it ends.

    Raises ContentGaps for a live service whose legal pages are not filled in.
    """
    if settings.environment is Environment.LIVE:
        refuse_gaps()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[AppState]:
        async with running_market(settings, mail_wording(settings)) as market:
            yield AppState(services=services(settings, market))

    app = Starlette(
        routes=[
            *wellknown.routes(),
            *public_log.routes(),
            *stripe.routes(),
            *shops.routes(),
            *api.v1.routes(),
            *frontend.routes.routes(),
        ],
        lifespan=lifespan,
        middleware=middleware(settings),
        exception_handlers=exception_handlers(pages=error_pages()),
    )
    app.state.order_news = OrderNews()
    return app
