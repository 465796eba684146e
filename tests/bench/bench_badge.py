"""Badges: drawn in process beside npm's badge-maker, and sent beside a bare route of the same application."""

import asyncio
import json
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

import api.v1
from api.errors import exception_handlers
from api.middleware import middleware
from certificates.badges.drawing import badge_svg
from certificates.badges.facts import BadgeFacts, BadgeKind, BadgeState
from marketplace.badges.certificates import badge_of_certificate
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.orders import service as orders
from tests.api.application import some_services, some_settings
from tests.bench.load import HOST, under_load, until_it_answers
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_small_market, an_order

BADGE_MAKER = "badge-maker@6.0.0"
TURNS, PER_TURN = 20, 300
CONNECTIONS, PER_CONNECTION, ROUNDS = 16, 40, 5
# the same label, an amount that differs each time; processor time in µs for as many badges as the line says
_NODE = """
import { makeBadge } from "badge-maker";
import { createInterface } from "node:readline";
let drawn = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const began = process.cpuUsage();
  for (let k = 0; k < Number(line); k++)
    makeBadge({ label: "Offset", message: `${++drawn / 1e6} t CO2e`, color: "#1f5c3d" });
  const { user, system } = process.cpuUsage(began);
  console.log(user + system);
}
"""


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return [*_drawn(), _sent()]


def _drawn() -> list[Figure]:
    """Both in processor time, by turns: other work on the machine is counted against neither."""
    with _badge_maker() as node:
        ours: list[float] = []
        theirs: list[float] = []
        for turn in range(TURNS + 2):
            facts = [_facts(turn * PER_TURN + number) for number in range(PER_TURN)]
            began = time.process_time_ns()
            for one in facts:
                badge_svg(one, layout="line", theme="light", locale="en")
            took = time.process_time_ns() - began
            beside = _ask(node) if node else None
            if turn >= 2:
                ours.append(took / PER_TURN / 1000)
                theirs += [] if beside is None else [beside / PER_TURN]
    us = statistics.median(ours)
    if not theirs:
        sys.stderr.write("badge_vs_badge_maker: not measured, it needs node, npm and a package registry\n")
        return [Figure("badge_drawn_us", us, "µs")]
    maker = statistics.median(theirs)
    return [Figure("badge_vs_badge_maker", us, "µs", baseline=maker, ratio=maker / us, goal=">= 5")]


def _facts(number: int) -> BadgeFacts:
    return BadgeFacts(
        kind=BadgeKind.PRODUCT,
        state=BadgeState.COVERED,
        subject="Northern wheat biscuits",
        covered_g=number,
        share_per_mille=1000,
        period_first=date(2026, 4, 1),
        period_last=date(2027, 3, 31),
        number="0123456789",
        mark_sha256="5a" * 32,
    )


@contextmanager
def _badge_maker() -> Iterator[subprocess.Popen[str] | None]:
    """A node process that draws on demand; None where there is no node or the package cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", BADGE_MAKER]
        if subprocess.run(install, cwd=folder, check=False, capture_output=True).returncode != 0:
            yield None
            return
        (Path(folder) / "bench.mjs").write_text(_NODE, "utf-8")
        command = [node, "bench.mjs"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, text=True) as running:
            yield running
            assert running.stdin
            running.stdin.close()


def _ask(node: subprocess.Popen[str]) -> int:
    assert node.stdin
    assert node.stdout
    node.stdin.write(f"{PER_TURN}\n")
    node.stdin.flush()
    return int(json.loads(node.stdout.readline()))


def _sent() -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        url, small = f"sqlite://{Path(folder)}/bench.sqlite3", a_small_market()
        number, body = asyncio.run(_certified(url, small))
        with socket.socket() as listening:
            listening.bind((HOST, 0))
            port = listening.getsockname()[1]
            server = multiprocessing.get_context("fork").Process(
                target=_serve, args=(url, small, body, listening), daemon=True
            )
            server.start()
            try:
                badge, bare = asyncio.run(_measured(port, f"/v1/certificates/{number}/badge.svg"))
            finally:
                server.terminate()
                server.join()
    ratio = statistics.median(bare) / statistics.median(badge)
    ms = statistics.median(badge)
    return Figure("badge_route_vs_bare", ms, "ms", baseline=statistics.median(bare), ratio=ratio, goal=">= 0.8")


async def _certified(url: str, small: SmallMarket) -> tuple[str, str]:
    """The number of a certificate, and its badge."""
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    try:
        await migrate()
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session or ""))
        await small.work()
        number = (await orders.find(order.id)).certificate_number or ""
        badge = await badge_of_certificate(small.market, number)
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()
    return number, badge_svg(badge.facts, layout="card", theme="light", locale="ja")


def _serve(url: str, small: SmallMarket, body: str, listening: socket.socket) -> None:
    """Both routes stand side by side in the list of routes, behind the same middleware."""

    async def bare(_: Request) -> Response:
        return Response(body, media_type="image/svg+xml")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
        yield {"services": some_services(small)}
        await Tortoise.close_connections()

    routes = api.v1.routes()
    place = next(at for at, route in enumerate(routes) if getattr(route, "path", "").endswith("{number}/badge.svg"))
    # an address without a limit, as the badge's is
    routes.insert(place + 1, Route("/log/bare", bare))
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=middleware(some_settings()),
        exception_handlers=exception_handlers(),
    )
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])


async def _measured(port: int, path: str) -> tuple[list[float], list[float]]:
    """Milliseconds of each badge and of each bare answer, the two in turns."""
    await until_it_answers(port)
    badge: list[float] = []
    bare: list[float] = []
    for round_number in range(ROUNDS + 1):
        for asked, kept in ((path, badge), ("/log/bare", bare)):
            took = await under_load(port, asked, CONNECTIONS, PER_CONNECTION)
            # the first round warms both up
            kept.extend(took if round_number else [])
    return badge, bare
