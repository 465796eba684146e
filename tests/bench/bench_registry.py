"""Ten thousand queued cancellations through the http gateway, with a registry that takes 20 ms to answer each of them.

The registry is a process of its own, the worker is this one: two cores. ASHIATO_BENCH_CANCELLATIONS sets another number.
"""

import asyncio
import json
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from tortoise import Tortoise

from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.inventory.models import Block, Holding, RegistryAccount
from marketplace.inventory.serials import SerialRange
from marketplace.jobs import handlers
from marketplace.outbox.worker import Worker
from marketplace.registries.gateway import CancellationRequest
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState
from tests.bench.report import Figure
from tests.builders.market import a_listing, a_small_market, an_instruction
from tests.marketplace.registries.servers import RegistryProcess, RunningRegistry

COUNT = int(os.environ.get("ASHIATO_BENCH_CANCELLATIONS", "10000"))
PROMISED_SECONDS_PER_10_000 = 300
ANSWERS_AFTER_SECONDS = 0.02


def figures() -> list[Figure]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.sqlite3"
        await Tortoise.init(config=tortoise_config(f"sqlite://{file}"), _enable_global_fallback=True)
        try:
            await migrate()
            small = a_small_market()
            await a_listing(small, tonnes=COUNT)
            block, account = await Block.get(), await RegistryAccount.get()
            _queue(file, block, (await Holding.get()).id, account.number)
            with _a_registry(Path(folder), block, account.number) as registry:
                registry.fault("slow", count=1_000_000, seconds=ANSWERS_AFTER_SECONDS)
                gateway = registry.gateway()
                market = replace(small.market, clock=system_clock, registries={"jcredit": gateway})
                took = await _drain(Worker(handlers(market), clock=system_clock))
                await gateway.aclose()
        finally:
            await Tortoise.close_connections()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("cancellations_per_s", COUNT / took, "1/s", goal=f">= {10_000 / PROMISED_SECONDS_PER_10_000:.1f}"),
        Figure("drain_10000_cancellations_s", took * 10_000 / COUNT, "s", goal=f"<= {PROMISED_SECONDS_PER_10_000}"),
        Figure("drain_worker_memory_mb", memory, "MB", goal="<= 500"),
    ]


async def _drain(worker: Worker) -> float:
    """Seconds until the registry has confirmed the last one."""
    began = time.perf_counter()
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    while await Retirement.exists(state__in=[RetirementState.QUEUED, RetirementState.SUBMITTED]):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    took = time.perf_counter() - began
    stop.set()
    await running
    assert await Retirement.filter(state=RetirementState.CONFIRMED).count() == COUNT
    return took


@contextmanager
def _a_registry(folder: Path, block: Block, account: str) -> Iterator[RunningRegistry]:
    seed = {
        "accounts": [{"id": account, "name": "Provider"}],
        "blocks": [{"id": block.certification_number, "first": 1, "last": COUNT, "acts": ["mukoka"]}],
        "holdings": [{"account": account, "block": block.certification_number, "first": 1, "last": COUNT}],
    }
    file = folder / "seed.json"
    file.write_text(json.dumps(seed), "utf-8")
    process = RegistryProcess(folder / "registry", file)
    try:
        yield process.start()
    finally:
        process.kill()


def _queue(file: Path, block: Block, holding: str, account: str) -> None:
    """Paid orders of one tonne each, as they stand when their cancellation is queued; written past the service for speed."""
    now = datetime.now(UTC)
    instruction = an_instruction().model_dump_json()
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA foreign_keys = ON")
        listing = db.execute("SELECT id FROM listing").fetchone()[0]
        # the database still checks at the end that the pieces tile the block
        db.execute("DELETE FROM unit_interval")
        for n in range(1, COUNT + 1):
            request = CancellationRequest(
                reference=f"ret_{n:06d}",
                account=account,
                block=block.certification_number,
                serials=SerialRange(n, n),
                act="mukoka",
                purpose="carbon_offset",
                purpose_detail="purpose",
                credit_user="user",
            )
            rows = {
                "quote": {
                    "id": f"quo_{n}",
                    "state": "used",
                    "tonnes": 1,
                    "credits_yen": 4_000,
                    "fee_yen": 0,
                    "tax_yen": 400,
                    "total_yen": 4_400,
                    "terms": "{}",
                    "expires_at": now,
                    "created_at": now,
                },
                "quote_line": {
                    "id": f"qln_{n}",
                    "quote_id": f"quo_{n}",
                    "listing_id": listing,
                    "tonnes": 1,
                    "yen_per_tonne": 4_000,
                },
                "buyer_order": {
                    "id": f"ord_{n}",
                    "access_token": f"token_{n}",
                    "quote_id": f"quo_{n}",
                    "state": "retiring",
                    "locale": "ja",
                    "total_yen": 4_400,
                    "instruction": instruction,
                    "consent": "{}",
                    "pay_until": now + timedelta(days=1),
                    "created_at": now,
                },
                "unit_interval": {
                    "id": f"int_{n}",
                    "block_id": block.id,
                    "holding_id": holding,
                    "first_serial": n,
                    "last_serial": n,
                    "state": "cancelling",
                    "quote_line_id": f"qln_{n}",
                },
                "retirement": {
                    "id": f"ret_{n:06d}",
                    "order_id": f"ord_{n}",
                    "interval_id": f"int_{n}",
                    "reference": f"ret_{n:06d}",
                    "state": "queued",
                    "registry": "jcredit",
                    "request": json.dumps(asdict(request)),
                    "created_at": now,
                },
                "job": {
                    "id": f"job_{n}",
                    "kind": "retirement.advance",
                    "key": f"retirement:{n}",
                    "payload": json.dumps({"retirement_id": f"ret_{n:06d}"}),
                    "run_at": now,
                    "attempts": 0,
                },
            }
            for table, row in rows.items():
                places = ", ".join("?" * len(row))
                values = [str(v) if isinstance(v, datetime) else v for v in row.values()]
                db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", values)
