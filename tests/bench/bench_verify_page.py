"""The page that a scanned code opens, beside a bare route that reads the row, checks the signature and sends as much."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tortoise import Tortoise

from certificates.records import CertificateRecord, find, find_by_order
from certificates.verify import Evidence, TrustedIssuer, verify
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_small_market, an_order
from tests.frontend.market_site import market_site

ROUNDS = 60


def figures() -> list[Figure]:
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        await Tortoise.init(
            config=tortoise_config(f"sqlite://{Path(folder)}/bench.sqlite3"), _enable_global_fallback=True
        )
        try:
            await migrate()
            small = a_small_market()
            record = await _a_certificate(small)
            async with market_site(small) as site:
                size = len((await site.client.get(f"/c/{record.number}")).content)
                transport = httpx.ASGITransport(app=_bare(small, record.number, size))
                async with httpx.AsyncClient(transport=transport, base_url=small.market.base_url) as bare:
                    page_ms, bare_ms = await _interleaved_ms(site.client, bare, f"/c/{record.number}")
        finally:
            await Tortoise.close_connections()
    return [
        Figure("verify_page_vs_bare", page_ms, "ms", baseline=bare_ms, ratio=bare_ms / page_ms, goal=">= 0.7"),
    ]


async def _a_certificate(small: SmallMarket) -> CertificateRecord:
    order = await an_order(small, await a_listing(small))
    await small.deliver(small.payments.pay(order.checkout_session or ""))
    await small.work()
    record = await find_by_order(order.id)
    assert record is not None
    return record


def _bare(small: SmallMarket, number: str, size: int) -> Starlette:
    issuer = TrustedIssuer(small.market.base_url, small.market.signing_keys.keys)

    async def page(_: Request) -> Response:
        record = await find(number)
        evidence = Evidence(number=number, credential=record.credential)
        verdict = verify(evidence, issuer, now=small.clock())
        return HTMLResponse(verdict.outcome.value.ljust(size))

    return Starlette(routes=[Route("/c/{number}", page)])


async def _interleaved_ms(first: httpx.AsyncClient, second: httpx.AsyncClient, path: str) -> tuple[float, float]:
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 5):
        for which, client in enumerate((first, second)):
            began = time.perf_counter()
            (await client.get(path)).raise_for_status()
            if number >= 5:
                took[which].append((time.perf_counter() - began) * 1000)
    return statistics.median(took[0]), statistics.median(took[1])
