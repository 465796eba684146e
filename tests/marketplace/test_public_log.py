"""What is certified is in the public log within moments, whoever is slow or gone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx import ASGITransport

from certificates.log.audit import audit
from certificates.log.checkpoint import LogTrust, read_checkpoint
from certificates.log.notes import COSIGNATURE, NoteSigner
from certificates.log.store import export, latest_checkpoint
from certificates.log.witness import Witness
from certificates.models import LogCheckpoint
from certificates.records import find_by_order
from certificates.service import revoke
from marketplace.certification.public_log import Sequencing, ask_witnesses, log_proof, sequence_waiting
from marketplace.database.transactions import run_tx
from marketplace.market import PublicLog
from marketplace.outbox.models import Job
from tests.builders.market import a_listing, a_small_market, an_order
from tests.certificates.log.fake_witness import FakeWitness


@pytest.fixture
async def small(db):
    return a_small_market()


async def a_fulfilled_order(small, first_serial: int = 1):
    order = await an_order(small, await a_listing(small, first_serial=first_serial, provider=f"prov_{first_serial}"))
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return await find_by_order(order.id)


def a_silent_witness() -> Witness:
    key = NoteSigner.of(Ed25519PrivateKey.generate(), "witness.example", COSIGNATURE).key
    return Witness("http://127.0.0.1:9", key)


def watched_by(small, *witnesses: Witness, transport=None):
    """The same market with these witnesses of its log."""
    return replace(small, market=replace(small.market, log=PublicLog(small.market.log.signer, witnesses, transport)))


class TestACertificateIsLogged:
    async def test_by_the_work_that_follows_its_issue(self, small):
        record = await a_fulfilled_order(small)
        proof = await log_proof(record.number)
        assert proof.check(small.market.log.trust).size == 1

    async def test_so_that_the_whole_log_can_be_audited_from_its_files(self, small, tmp_path):
        for first_serial in (1, 1001):
            await a_fulfilled_order(small, first_serial)
        await export(tmp_path)
        result = audit(lambda path: (tmp_path / path).read_bytes(), small.market.log.trust)
        assert (result.issued, result.grams, result.findings) == (2, 6_000_000, ())

    async def test_without_a_job_by_the_regular_sweep(self, small):
        record = await a_fulfilled_order(small)
        await run_tx(lambda _: revoke(record.number, "issued_in_error", now=small.clock()))
        await sequence_waiting(small.market)
        assert read_checkpoint(await latest_checkpoint()).size == 2

    async def test_once_however_often_the_work_is_repeated(self, small):
        await a_fulfilled_order(small)
        await Job.filter(kind="order.certify").update(done_at=None)
        await small.work()
        assert read_checkpoint(await latest_checkpoint()).size == 1

    async def test_together_with_what_others_wrote_at_the_same_time(self, small):
        records = [await a_fulfilled_order(small, first_serial) for first_serial in (1, 1001, 2001)]
        for record in records:
            await run_tx(lambda _, number=record.number: revoke(number, "issued_in_error", now=small.clock()))
        before = await LogCheckpoint.all().count()
        sequencing = Sequencing(small.market)
        await asyncio.gather(*(sequencing() for _ in records))
        assert read_checkpoint(await latest_checkpoint()).size == 6
        assert await LogCheckpoint.all().count() == before + 1

    async def test_also_when_it_was_written_while_others_are_being_taken_in(self, small):
        record = await a_fulfilled_order(small)
        sequencing = Sequencing(small.market)
        earlier = asyncio.create_task(sequencing())
        await asyncio.sleep(0)
        await run_tx(lambda _: revoke(record.number, "issued_in_error", now=small.clock()))
        await sequencing()
        assert read_checkpoint(await latest_checkpoint()).size == 2
        await earlier

    async def test_and_until_then_there_is_no_proof(self, small):
        assert await log_proof("TEST-2222-2222-2222-2222") is None


class TestWitnesses:
    async def test_cosign_by_a_job_of_their_own(self, small):
        record = await a_fulfilled_order(small)
        fake = FakeWitness("witness.example", small.market.log.signer.key)
        watched = watched_by(
            small, Witness("http://witness.example", fake.signer.key), transport=ASGITransport(fake.app)
        )
        await ask_witnesses(watched.market)
        await ask_witnesses(watched.market)
        await watched.work()
        trust = LogTrust(small.market.log.signer.key, (fake.signer.key,), quorum=1)
        assert (await log_proof(record.number)).check(trust).size == 1
        assert (fake.statuses, await Job.filter(kind="log.cosign").count()) == ([200], 1)
        await ask_witnesses(watched.market)
        assert await Job.filter(kind="log.cosign").count() == 1

    async def test_who_cannot_be_reached_keep_nothing_back_and_are_asked_again(self, small):
        watched = watched_by(small, a_silent_witness())
        record = await a_fulfilled_order(watched)
        await ask_witnesses(watched.market)
        await watched.work()
        assert (await log_proof(record.number)).check(watched.market.log.trust).size == 1
        job = await Job.get(kind="log.cosign")
        assert (job.done_at, job.attempts, "WitnessRefused" in job.error) == (None, 1, True)

    async def test_are_not_asked_about_a_checkpoint_that_a_newer_one_has_followed(self, small):
        watched = watched_by(small, a_silent_witness())
        await a_fulfilled_order(watched)
        await ask_witnesses(watched.market)
        await a_fulfilled_order(watched, 1001)
        await watched.work_for(timedelta(minutes=1))
        assert (await Job.get(kind="log.cosign")).done_at is not None

    async def test_are_not_asked_about_an_empty_log(self, small):
        await ask_witnesses(watched_by(small, a_silent_witness()).market)
        assert await Job.filter(kind="log.cosign").count() == 0
