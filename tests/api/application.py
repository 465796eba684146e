"""The API over a small market, spoken to over ASGI as a server would."""

from collections.abc import Iterable
from pathlib import Path

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

import api.v1
from api import public_log, wellknown
from api.closed_doors import ClosedDoors
from api.errors import exception_handlers
from api.middleware import middleware
from api.pdf_press import PdfPress
from api.rate_limits import RateLimits
from api.services import Services
from api.settings import Settings
from api.webhooks import stripe
from certificates.statement import Environment
from marketplace.footprints.service import FootprintDrafts, StoredFootprints
from tests.builders.market import SmallMarket


def some_settings(**changed: object) -> Settings:
    facts = {
        "environment": Environment.SANDBOX,
        "database_url": SecretStr("sqlite:///nowhere"),
        "base_url": "https://ashiato.example",
        "stripe_api_key": SecretStr("sk_test_for_tests_only"),
        "stripe_webhook_secrets": (SecretStr("whsec_for_tests_only"),),
        "registries": {},
        "signing_key_file": Path("nowhere"),
        "seal_keys_file": Path("nowhere"),
        "log_key_file": Path("nowhere"),
    }
    return Settings(**(facts | changed))


def some_services(small: SmallMarket) -> Services:
    return Services(
        environment="sandbox",
        public_origin=small.market.base_url,
        market=small.market,
        footprints=StoredFootprints(small.clock),
        drafts=FootprintDrafts(small.clock),
        press=PdfPress(None),
    )


class WithState:
    """Hands the application its lifespan state with each request, as a server does."""

    def __init__(self, app, services: Services) -> None:
        self.app, self.services = app, services

    async def __call__(self, scope, receive, send) -> None:
        await self.app({**scope, "state": {"services": self.services}}, receive, send)


def without_limits(**settings: object) -> list[Middleware]:
    """The middleware that needs no database."""
    return [one for one in middleware(some_settings(**settings)) if one.cls not in {RateLimits, ClosedDoors}]


def an_application(
    small: SmallMarket, *, more: Iterable[BaseRoute] = (), pages=None, around=None, **settings: object
) -> WithState:
    """`more` are further routes, `around` replaces the middleware."""
    app = Starlette(
        routes=[*wellknown.routes(), *public_log.routes(), *stripe.routes(), *api.v1.routes(), *more],
        middleware=around or middleware(some_settings(**settings)),
        exception_handlers=exception_handlers(pages=pages),
    )
    return WithState(app, some_services(small))


def a_client(application: WithState) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application, raise_app_exceptions=False), base_url="https://ashiato.example"
    )
