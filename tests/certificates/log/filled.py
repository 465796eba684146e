"""A log with certificates in it, for tests."""

from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates import service
from certificates.facts import Share
from certificates.log.notes import Note, NoteSigner
from certificates.log.sequencer import sequence
from certificates.records import CertificateRecord
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span

RING = a_ring(created=NOW - timedelta(days=1))
SIGNER = NoteSigner.of(Ed25519PrivateKey.generate(), "certs.example/log")


async def issue(order: str, *, grams: int = 1, serial: int = 7, at: datetime = NOW) -> CertificateRecord:
    """A certificate over some grams of one pool tonne."""
    tonne = a_cancellation(serials=(a_span(serial, serial),), our_reference=f"ret_{serial}")
    facts = some_facts(order_reference=order, shares=(Share(tonne, grams),), footprint=None)
    return await run_tx(lambda _: service.issue(facts, ring=RING, issuer_url=ISSUER, now=at))


async def correct(number: str, order: str, *, grams: int = 1, serial: int = 7) -> CertificateRecord:
    tonne = a_cancellation(serials=(a_span(serial, serial),), our_reference=f"ret_{serial}")
    facts = some_facts(order_reference=order, shares=(Share(tonne, grams),), footprint=None)
    return await run_tx(
        lambda _: service.correct(number, facts, "name_misspelt", ring=RING, issuer_url=ISSUER, now=NOW)
    )


async def revoke(number: str) -> None:
    await run_tx(lambda _: service.revoke(number, "registry_reversed", now=NOW))


async def publish(limit: int = 1_000) -> Note | None:
    return await run_tx(lambda _: sequence(SIGNER, now=NOW, limit=limit))
