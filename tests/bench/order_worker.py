"""`python -m tests.bench.order_worker DATABASE_URL`: the worker of the order benchmarks, a process of its own as in a served market.

Prints a line when it works, and ends on SIGTERM.
"""

import asyncio
import signal
import sys

import structlog
import uvloop
from tortoise import Tortoise

from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.jobs import handlers
from marketplace.outbox.worker import Worker
from tests.bench.outside import a_busy_market


async def main(database_url: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Tortoise.init(config=tortoise_config(database_url), _enable_global_fallback=True)
    try:
        sys.stdout.write("works\n")
        sys.stdout.flush()
        await Worker(handlers(a_busy_market().market), clock=system_clock).run(stop)
    finally:
        await Tortoise.close_connections()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    uvloop.run(main(sys.argv[1]))
