"""Issuing for real: signed, logged, with a status place, stored in SQLite; and the paper form with its own signature."""

import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tortoise import Tortoise

from api.pdf_press import PdfPress
from certificates import service
from certificates.facts import Share, StatementFacts
from certificates.log.log_key import log_origin
from certificates.log.notes import NoteSigner
from certificates.log.sequencer import sequence
from certificates.records import CertificateRecord, issued_after
from certificates.signing_authority import make_sandbox_authority
from marketplace.certification.publication import Publication
from marketplace.database.connect import tortoise_config
from marketplace.database.migrator import migrate
from marketplace.database.transactions import run_tx
from tests.bench.report import Figure
from tests.certificates.authority import a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span

ISSUER = "https://ashiato.example"
BATCHES, PER_BATCH, PDFS = 8, 100, 15


def figures() -> list[Figure]:
    return asyncio.run(_measured())


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        await Tortoise.init(config=tortoise_config(f"sqlite://{Path(folder)}/bench.sqlite3"))
        try:
            await migrate()
            issues_per_s = await _issues_per_second()
            leaves_per_s = await _leaves_per_second()
            (record,) = await issued_after(None, limit=1)
            return [
                Figure("issues_per_s", issues_per_s, "1/s", goal=">= 300"),
                Figure("log_leaves_per_s", leaves_per_s, "1/s", goal=">= 1000"),
                Figure("pdf_signed_p50_ms", await _signed_pdf_ms(record), "ms", goal="<= 60"),
            ]
        finally:
            await Tortoise.close_connections()


async def _issues_per_second() -> float:
    """In one process, a hundred to a transaction, as a month of subscriptions is issued."""
    ring, now = a_ring(), datetime.now(UTC)
    batches = [[_facts(number * PER_BATCH + n) for n in range(PER_BATCH)] for number in range(BATCHES)]
    began = time.perf_counter()
    for batch in batches:
        await run_tx(lambda _, batch=batch: service.issue_all(batch, ring=ring, issuer_url=ISSUER, now=now))
    return BATCHES * PER_BATCH / (time.perf_counter() - began)


def _facts(number: int) -> StatementFacts:
    serial = 10_000 + number
    cancellation = a_cancellation(serials=(a_span(serial, serial),), our_reference=f"ret_{number:06d}")
    return some_facts(order_reference=f"ord_{number:06d}", shares=(Share(cancellation, 1_000_000),))


async def _leaves_per_second() -> float:
    """From waiting to durable under a signed checkpoint."""
    signer = NoteSigner.of(Ed25519PrivateKey.generate(), log_origin(ISSUER))
    began = time.perf_counter()
    while await run_tx(lambda _: sequence(signer, now=datetime.now(UTC))):
        continue
    return BATCHES * PER_BATCH / (time.perf_counter() - began)


async def _signed_pdf_ms(record: CertificateRecord) -> float:
    """Typeset and signed anew each time; the first, which loads the fonts, is left out."""
    authority = make_sandbox_authority(datetime.now(UTC))
    publication = Publication(record, record.disclosures, frozenset(), listed=True)
    took = []
    for _ in range(PDFS + 1):
        began = time.perf_counter()
        await PdfPress(authority).print(publication, issuer_url=ISSUER, locale="ja")
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])
