"""What looking up an API key and counting it against its limit add to a request: the same route with and without, in turns."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from starlette.middleware import Middleware
from tortoise import Tortoise

from api.bearer import ReadKey, RefuseBadKey
from api.middleware import middleware
from api.rate_limits import RateLimits
from marketplace.accounts import keys
from marketplace.accounts.keys import Scope
from marketplace.accounts.roles import Role
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from tests.api.application import WithState, an_application, some_settings
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_small_market
from tests.signed_in import an_actor

ROUNDS, BLOCK = 60, 10
PATH = "/v1/consent"


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        await Tortoise.init(
            config=tortoise_config(f"sqlite://{Path(folder)}/bench.sqlite3"), _enable_global_fallback=True
        )
        try:
            await migrate()
            small = a_small_market()
            secret = await _a_key(small)
            whole = an_application(small, rate_limit_factor=1_000)
            bare = an_application(small, around=_without_keys_and_limits())
            with_key, without = await _by_turns(_asking(whole, secret), _asking(bare, None))
        finally:
            await Tortoise.close_connections()
    # what a request with a key costs beyond one without, at the median of each short block
    added = [sum(pair) for pair in zip(with_key, (-ms for ms in without), strict=True)]
    return [
        Figure("auth_and_limit_added_p50_ms", statistics.median(added), "ms", goal="<= 1"),
        Figure("request_with_key_p50_ms", statistics.median(with_key), "ms", baseline=statistics.median(without)),
    ]


def _without_keys_and_limits() -> list[Middleware]:
    left_out = {ReadKey, RateLimits, RefuseBadKey}
    return [one for one in middleware(some_settings()) if one.cls not in left_out]


async def _a_key(small: SmallMarket) -> str:
    _, secret = await keys.create(
        await an_actor(small, Role.OWNER),
        "bench",
        list(Scope),
        environment="sandbox",
        expires_at=small.clock() + timedelta(days=1),
        clock=small.clock,
    )
    return secret


def _asking(application: WithState, secret: str | None) -> Callable[[], Awaitable[None]]:
    """One request by ASGI, so that no client's own time is measured."""
    headers = [(b"host", b"ashiato.example")]
    if secret is not None:
        headers.append((b"authorization", f"Bearer {secret}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.1", 50_000),
        "server": ("ashiato.example", 443),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message

    async def ask() -> None:
        await application(dict(scope), receive, send)

    return ask


async def _by_turns(*asks: Callable[[], Awaitable[None]]) -> Sequence[list[float]]:
    """Medians in milliseconds of short blocks by turns: a machine that slows down slows all."""
    medians: tuple[list[float], ...] = tuple([] for _ in asks)
    for ask in asks:
        await ask()
    for _ in range(ROUNDS):
        for ask, found in zip(asks, medians, strict=True):
            took = []
            for _ in range(BLOCK):
                began = time.perf_counter()
                await ask()
                took.append((time.perf_counter() - began) * 1000)
            found.append(statistics.median(took))
    return medians
