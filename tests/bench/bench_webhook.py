"""From a payment's webhook to its certificate, with a registry that answers at once and orders arriving one after the other."""

import asyncio
import statistics
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from tortoise import Tortoise

from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.jobs import handlers
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from tests.bench.report import Figure
from tests.builders.market import SmallMarket, a_listing, a_small_market, an_order

ORDERS = 60
# a slow machine's worker fulfils some fifteen orders a second: half of that, without a queue to hide in
ONE_EVERY_SECONDS = 0.15


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
            small.market = replace(small.market, clock=system_clock)
            small.registry.clock = small.payments.clock = small.clock = system_clock
            listing = await a_listing(small, tonnes=ORDERS * 3)
            waiting = [await an_order(small, listing) for _ in range(ORDERS)]
            took = await _paid_one_by_one(small, waiting)
        finally:
            await Tortoise.close_connections()
    cuts = statistics.quantiles(took, n=100)
    return [
        Figure("webhook_to_certificate_p50_ms", statistics.median(took) * 1000, "ms"),
        Figure("webhook_to_certificate_p99_ms", cuts[98] * 1000, "ms", goal="<= 1000"),
    ]


async def _paid_one_by_one(small: SmallMarket, waiting: list[Order]) -> list[float]:
    stop = asyncio.Event()
    worker = asyncio.create_task(Worker(handlers(small.market), clock=system_clock).run(stop))
    received: dict[str, datetime] = {}
    for order in waiting:
        event = small.payments.pay(order.checkout_session or "")
        received[order.id] = system_clock()
        await inbox.receive(small.market, event.body, "good")
        await asyncio.sleep(ONE_EVERY_SECONDS)
    while await Order.exclude(state=OrderState.FULFILLED).exists():  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    stop.set()
    await worker
    issued = await OrderEvent.filter(kind=Happened.CERTIFIED)
    return [(event.at - received[event.order_id]).total_seconds() for event in issued]
