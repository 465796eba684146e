"""The desk's page with five thousand open items: half of them frozen in applications of their own, half waiting in batches."""

import asyncio
import json
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from tortoise import Tortoise

from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.inventory.models import Provider
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import DeskState, ItemState
from tests.bench.report import Figure
from tests.builders.desk import OPERATOR, a_desk_market, signed_in
from tests.builders.market import SmallMarket
from tests.frontend.market_site import market_site

OPEN_ITEMS = 5_000
ROUNDS = 30


def figures() -> list[Figure]:
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        await Tortoise.init(
            config=tortoise_config(f"sqlite://{Path(folder)}/bench.sqlite3"), _enable_global_fallback=True
        )
        try:
            await migrate()
            small = a_desk_market()
            await _fill(small)
            async with market_site(small) as site:
                await signed_in(site, OPERATOR)
                took = []
                for number in range(ROUNDS + 3):
                    began = time.perf_counter()
                    (await site.client.get("/ja/desk")).raise_for_status()
                    if number >= 3:
                        took.append((time.perf_counter() - began) * 1000)
        finally:
            await Tortoise.close_connections()
    worst = sorted(took)[int(len(took) * 0.95)]
    return [
        Figure("desk_page_ms", statistics.median(took), "ms", goal="<= 200"),
        Figure("desk_page_p95_ms", worst, "ms", goal="<= 200"),
    ]


async def _fill(small: SmallMarket) -> None:
    now = small.clock()
    await Provider.create(id="prov", name_ja="供給者", name_en="Provider", invented=True)
    applications, items = [], []
    for number in range(OPEN_ITEMS):
        frozen = number % 2 == 0
        since, reference = now - timedelta(minutes=number), f"ret_{number:06d}"
        words = {
            "registry": "jcredit",
            "account": f"ACC-{number % 20}",
            "provider_id": "prov",
            "act": "mukoka",
            "use_code": "carbon_offset",
            "purpose_detail": f"第{number}回の会議に伴う排出",
            "credit_user": f"足跡商事{number}",
            "scope": f"event {number}",
        }
        if frozen:
            applications.append(
                ApplicationRecord(
                    **words,
                    id=f"app_{number:06d}",
                    tonnes=3,
                    content=json.dumps([[reference, "CERT", 1, 3, since.isoformat()]]),
                    fingerprint="0" * 64,
                    state=DeskState.PREPARED,
                    waiting_since=since,
                    due_at=since + timedelta(days=3),
                    frozen_at=now,
                )
            )
        items.append(
            ItemRecord(
                **words,
                reference=reference,
                block="CERT",
                first_serial=1,
                last_serial=3,
                batch_key=f"{number // 4:064d}",
                queued_at=since,
                freeze_at=now + timedelta(days=1),
                due_at=since + timedelta(days=3),
                state=ItemState.FROZEN if frozen else ItemState.WAITING,
                application_id=f"app_{number:06d}" if frozen else None,
            )
        )
    await ApplicationRecord.bulk_create(applications, batch_size=500)
    await ItemRecord.bulk_create(items, batch_size=500)
