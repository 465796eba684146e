"""The pages and the API over a small market with a clock that can be turned: what badges need to turn before one's eyes.

python -m tests.e2e.badge_service PORT
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tortoise import Tortoise

import api.v1
from api.errors import exception_handlers
from frontend.pages.errors import exception_handlers as error_pages
from frontend.routes import routes
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.products.counting import count, sale
from marketplace.products.service import end_product
from tests.api.application import some_services, without_limits
from tests.builders.market import SmallMarket, a_listing, a_small_market
from tests.builders.products import a_maker, a_period, a_product, covered, revoke

NAME = "北のクッキー<script>document.title='run'</script>\"'&"


class World:
    """One product whose thousand units are covered, and what can happen to it."""

    def __init__(self, small: SmallMarket) -> None:
        self.small = small

    async def begin(self) -> Mapping[str, str]:
        """A new product of its own, so that no test sees what another did."""
        maker = await a_maker(self.small)
        product = await a_product(self.small, maker, name=NAME)
        period = await a_period(self.small, maker, product)
        certificate = await covered(self.small, period, await a_listing(self.small))
        self.maker = maker
        return {"product": product.id, "number": product.number, "certificate": certificate}

    async def happen(self, request: Request) -> Response:
        product, what = request.query_params.get("product", ""), request.path_params["what"]
        match what:
            case "begin":
                return JSONResponse(await self.begin())
            case "sell":
                await count(self.small.market, product, [sale("all", 1_001, self.small.clock())])
            case "revoke":
                await revoke(self.small, request.query_params["certificate"])
            case "end":
                await end_product(self.small.market, self.maker, product)
            case "wait":
                self.small.clock.advance(timedelta(minutes=10))
        return Response(status_code=204)


def application(port: int, folder: Path) -> Starlette:
    small = a_small_market()
    small.market = replace(small.market, base_url=f"http://127.0.0.1:{port}")
    services = some_services(small)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        await Tortoise.init(config=tortoise_config(f"sqlite://{folder}/badges.sqlite3"), _enable_global_fallback=True)
        await migrate()
        yield {"services": services}
        await Tortoise.close_connections()

    return Starlette(
        routes=[Route("/happen/{what}", World(small).happen), *api.v1.routes(), *routes()],
        lifespan=lifespan,
        middleware=without_limits(),
        exception_handlers=exception_handlers(pages=error_pages()),
    )


def main(port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = uvicorn.Config(application(port, Path(folder)), host="127.0.0.1", port=port, log_level="critical")
        asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]))
