"""Issues, corrects, revokes and sequences until it is killed. Usage: crash_worker.py DATABASE_URL KEY_FILE ROUND"""

import asyncio
import random
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tortoise import Tortoise

from certificates import service
from certificates.facts import Share
from certificates.keys import KeyRing
from certificates.log.notes import NoteSigner
from certificates.log.sequencer import sequence
from certificates.statement import Environment
from marketplace.database.connect import tortoise_config
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, some_facts
from tests.certificates.builders import a_cancellation, a_span

LOG_SEED = bytes(range(32))
SIGNER = NoteSigner.of(Ed25519PrivateKey.from_private_bytes(LOG_SEED), "certs.example/log")


async def work(url: str, ring: KeyRing, started: int) -> None:
    await Tortoise.init(config=tortoise_config(url), _enable_global_fallback=True)
    rng = random.Random(started)
    for n in count():
        now = datetime.now(UTC)
        serial = started * 1_000_000 + n + 1
        tonne = a_cancellation(serials=(a_span(serial, serial),), our_reference=f"ret_{serial}")
        shares = (Share(tonne, rng.randint(1, 1_000_000)),)
        facts = some_facts(order_reference=f"ord_{serial}", shares=shares, footprint=None)
        again = some_facts(order_reference=f"ord_{serial}/2", shares=shares, footprint=None)
        record = await run_tx(lambda _, f=facts, t=now: service.issue(f, ring=ring, issuer_url=ISSUER, now=t))
        await run_tx(lambda _, t=now: sequence(SIGNER, now=t, limit=rng.randint(1, 3)))
        if n % 3 == 1:
            await run_tx(
                lambda _, r=record, f=again, t=now: service.correct(
                    r.number, f, "name_misspelt", ring=ring, issuer_url=ISSUER, now=t
                )
            )
        if n == 0:
            print("ready", flush=True)  # noqa: T201 - the parent waits for the first entry of the log
        if n % 3 == 2:
            await run_tx(lambda _, r=record, t=now: service.revoke(r.number, "registry_reversed", now=t))


if __name__ == "__main__":
    _, database_url, key_file, number = sys.argv
    asyncio.run(work(database_url, KeyRing.load(Environment.SANDBOX, Path(key_file).read_text("utf-8")), int(number)))
