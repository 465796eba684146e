"""The page that a scanned code opens, beside a bare route of the same server: one row, one signature, as many bytes."""

import asyncio
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from certificates.models import Certificate
from certificates.records import CertificateRecord, find_by_order
from certificates.verify import Evidence, TrustedIssuer, verify
from frontend.routes import routes
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.bench.load import HOST, under_load, until_it_answers
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_small_market, an_order
from tests.frontend.preview import PreviewServices

CONNECTIONS = 16
ROUNDS, PER_CONNECTION = 4, 40


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        url, small = f"sqlite://{Path(folder)}/bench.sqlite3", a_small_market()
        record = asyncio.run(_certified(url, small))
        with socket.socket() as listening:
            listening.bind((HOST, 0))
            port = listening.getsockname()[1]
            server = multiprocessing.get_context("fork").Process(
                target=_serve, args=(url, small, record, listening), daemon=True
            )
            server.start()
            try:
                alone, page, bare = asyncio.run(_measured(port, record.number))
            finally:
                server.terminate()
                server.join()
    return [
        Figure(
            "verify_page_vs_bare",
            statistics.median(page),
            "ms",
            baseline=statistics.median(bare),
            ratio=statistics.median(bare) / statistics.median(page),
            goal=">= 0.7",
        ),
        Figure("verify_page_p99_ms_at_16", statistics.quantiles(page, n=100)[98], "ms", goal="<= 25"),
        Figure("verify_page_first_ms", alone, "ms"),
    ]


async def _certified(url: str, small: SmallMarket) -> CertificateRecord:
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    try:
        await migrate()
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session or ""))
        await small.work()
        record = await find_by_order(order.id)
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()
    assert record is not None
    return record


def _serve(url: str, small: SmallMarket, record: CertificateRecord, listening: socket.socket) -> None:
    issuer = TrustedIssuer(small.market.base_url, small.market.signing_keys.keys)

    async def bare(request: Request) -> Response:
        row = await Certificate.get(number=request.path_params["number"])
        verdict = verify(Evidence(number=row.number, credential=row.credential), issuer, now=small.clock())
        return HTMLResponse(verdict.outcome.value.ljust(int(request.query_params["size"])))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
        yield {"services": PreviewServices(market=small.market)}
        await Tortoise.close_connections()

    app = Starlette(routes=[Route("/bare/{number}", bare), *routes()], lifespan=lifespan)
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])


async def _measured(port: int, number: str) -> tuple[float, list[float], list[float]]:
    """Milliseconds: of the first page, of each page and of each bare answer, the two in turns."""
    await until_it_answers(port)
    async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", headers={"Accept-Encoding": "identity"}) as client:
        began = time.perf_counter()
        first = (await client.get(f"/c/{number}")).raise_for_status()
        alone = (time.perf_counter() - began) * 1000
    page: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        page += await under_load(port, f"/c/{number}", CONNECTIONS, PER_CONNECTION)
        bare += await under_load(port, f"/bare/{number}?size={len(first.content)}", CONNECTIONS, PER_CONNECTION)
    return alone, page, bare
