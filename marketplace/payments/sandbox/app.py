"""The sandbox as a program: its API, its payment page, its test controls, and what it does by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from marketplace.payments.sandbox import due
from marketplace.payments.sandbox.api import Api
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.card_page import CardPage
from marketplace.payments.sandbox.control import Control
from marketplace.payments.sandbox.courier import Courier
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.instructions_page import InstructionsPage
from marketplace.payments.sandbox.onboarding_page import OnboardingPage
from marketplace.payments.sandbox.page import PaymentPage
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

ASSETS = Path(__file__).with_name("assets")
LARGEST_BODY = 256 * 1024
BETWEEN_LOOKS = 1.0

logger = logging.getLogger(__name__)


def create_payments(settings: SandboxPaymentSettings) -> Starlette:
    """The sandbox payment server. Its books lie in `settings.data`; run it in one process only."""
    database = Database(settings.data)
    courier = Courier(settings, database)

    async def let_time_pass() -> None:
        while True:
            with database.transaction() as connection:
                more = due.settle(Books(connection, subscribed=settings.subscribed))
            courier.wake()
            # whoever has called meanwhile is answered first
            await asyncio.sleep(0 if more else BETWEEN_LOOKS)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        chores = [asyncio.create_task(courier.run()), asyncio.create_task(let_time_pass())]
        for chore in chores:
            chore.add_done_callback(_report_failure)
        try:
            yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.wait(chores)
            database.close()

    async def healthy(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/healthz", healthy, methods=["GET"]),
            *Api(settings, database, courier.wake).routes(),
            *Control(settings, database, courier).routes(),
            *PaymentPage(settings, database, courier.wake).routes(),
            *InstructionsPage(settings, database, courier.wake).routes(),
            *CardPage(settings, database, courier.wake).routes(),
            *OnboardingPage(settings, database, courier.wake).routes(),
            Mount("/assets", StaticFiles(directory=ASSETS)),
        ],
        lifespan=lifespan,
        max_body_size=LARGEST_BODY,
    )


def _report_failure(chore: asyncio.Task[None]) -> None:
    if not chore.cancelled() and (error := chore.exception()) is not None:
        logger.critical("the sandbox no longer does all its chores", exc_info=error)
