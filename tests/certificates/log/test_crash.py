"""kill -9 between row, leaf, tile and checkpoint. ASHIATO_CRASHES=200 runs the full count, CI a few per database."""

import asyncio
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from certificates import models
from certificates.keys import create_key_file
from certificates.log import store
from certificates.log.audit import audit
from certificates.log.checkpoint import LogTrust, read_checkpoint
from certificates.log.sequencer import sequence
from certificates.statement import Environment
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.database.transactions import run_tx
from tests.certificates.authority import NOW
from tests.certificates.log.crash_worker import SIGNER

ROOT = Path(__file__).parents[3]
CRASHES = int(os.environ.get("ASHIATO_CRASHES", "2"))
TRUST = LogTrust(SIGNER.key)


async def run_until_killed(url: str, key_file: Path, number: int, rng: random.Random) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.certificates.log.crash_worker",
        url,
        str(key_file),
        str(number),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert worker.stdout is not None
    assert await asyncio.wait_for(worker.stdout.readline(), timeout=300) == b"ready\n"
    await asyncio.sleep(rng.uniform(0.1, 0.9))
    worker.kill()
    await worker.wait()


async def everything_holds(folder: Path, earlier: str | None) -> str:
    """The log from its files alone is whole, sound and continues; returns its checkpoint."""
    while await run_tx(lambda _: sequence(SIGNER, now=NOW)):
        pass
    await store.export(folder)
    result = audit(lambda path: (folder / path).read_bytes(), TRUST, earlier=earlier)
    assert result.findings == ()
    assert result.issued == await models.Certificate.all().count()
    assert result.checkpoint.size == await models.LogEvent.all().count()
    return (folder / "checkpoint").read_text("utf-8")


async def test_no_crash_leaves_a_gap_or_a_fork(database_url: str, tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    create_key_file(key_file, Environment.SANDBOX, now=NOW - timedelta(days=1))
    rng = random.Random(22)
    EXECUTOR_CACHE.clear()
    await Tortoise.init(config=tortoise_config(database_url), _enable_global_fallback=True)
    checkpoint = None
    try:
        await migrate()
        for number in range(CRASHES):
            await run_until_killed(database_url, key_file, number, rng)
            checkpoint = await everything_holds(tmp_path / "log", checkpoint)
        assert checkpoint is not None
        assert read_checkpoint(await store.latest_checkpoint()).size > CRASHES
    finally:
        await Tortoise.close_connections()
        EXECUTOR_CACHE.clear()
