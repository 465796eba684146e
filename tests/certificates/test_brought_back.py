"""A certificate that was lost with the end of a restored backup comes back from its holder's file, as it was."""

from dataclasses import replace

import pytest

from certificates import service
from certificates.brought_back import LostAndEnded, NotALostCertificate, bring_back
from certificates.credential import StatusSlot
from certificates.facts import Share, StatementFacts
from certificates.log.adopt import adopt, read_copy
from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Leaf, Revoked, encode_leaf, issued_leaf
from certificates.log.lost import lost_leaves
from certificates.log.store import proof_of
from certificates.number import new_number
from certificates.records import CertificateRecord
from certificates.reservations import Reservation
from certificates.self_check import contradictions
from certificates.service import SignedCertificate
from certificates.statement import Environment
from certificates.verify import TrustedIssuer
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, some_facts
from tests.certificates.builders import a_cancellation, a_span
from tests.certificates.log.filled import RING, SIGNER
from tests.certificates.log.test_audit import files_of

pytestmark = pytest.mark.usefixtures("db")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRUST = LogTrust(SIGNER.key)


def the_facts() -> StatementFacts:
    tonne = a_cancellation(serials=(a_span(90, 90),), our_reference="ret_90")
    return some_facts(order_reference="ord_1", shares=(Share(tonne, 400_000),), footprint=None)


async def a_lost_one(*later: type[Revoked]) -> SignedCertificate:
    """Issued, published and lost; the log has been taken over from a copy."""
    facts, slot = the_facts(), StatusSlot(1, 94_567)
    reservation = Reservation("ord_1", Environment.SANDBOX, new_number(Environment.SANDBOX), slot)
    signed = service.sign(facts, reservation, ring=RING, issuer_url=ISSUER, now=NOW)
    leaves: list[Leaf] = [
        issued_leaf(signed.statement, signed.credential, [(one.cancellation, one.grams) for one in facts.shares])
    ]
    leaves += [kind(number=reservation.number, at=NOW) for kind in later]
    copy = read_copy(files_of([encode_leaf(leaf) for leaf in leaves], SIGNER).__getitem__, TRUST)
    await run_tx(lambda _: adopt(copy, now=NOW))
    return signed


async def brought(signed: SignedCertificate, order: str = "ord_1") -> CertificateRecord:
    return await run_tx(
        lambda _: bring_back(signed.credential, signed.disclosures, order, ring=RING, issuer_url=ISSUER, now=NOW)
    )


async def issued() -> CertificateRecord:
    return await run_tx(lambda _: service.issue(the_facts(), ring=RING, issuer_url=ISSUER, now=NOW))


class TestALostCertificateComesBack:
    async def test_as_it_was_with_its_proof_and_its_texts(self) -> None:
        lost = await a_lost_one()
        record = await brought(lost)
        assert (record.statement, record.credential, record.disclosures) == (
            lost.statement,
            lost.credential,
            lost.disclosures,
        )
        assert record.slot == lost.reservation.slot
        assert (await proof_of(record.number)).check(TRUST).size == 1
        assert await lost_leaves() == []
        assert await contradictions(TrustedIssuer(ISSUER, RING.keys, TRUST), now=NOW) == []

    async def test_and_its_order_gets_no_second_one(self) -> None:
        lost = await a_lost_one()
        await brought(lost)
        assert (await issued()).number == lost.statement.number


@on_sqlite
class TestNothingComesBack:
    async def test_that_the_log_has_not_lost(self) -> None:
        lost = await a_lost_one()
        await brought(lost)
        with pytest.raises(NotALostCertificate):
            await brought(lost)

    async def test_that_was_changed(self) -> None:
        lost = await a_lost_one()
        with pytest.raises(NotALostCertificate):
            await brought(replace(lost, credential=lost.credential[:-4] + "AAAA"))
        with pytest.raises(NotALostCertificate):
            await brought(replace(lost, credential="e30.e30.e30"))

    async def test_that_had_ended(self) -> None:
        lost = await a_lost_one(Revoked)
        with pytest.raises(LostAndEnded):
            await brought(lost)

    async def test_under_a_text_that_does_not_open_its_commitment(self) -> None:
        lost = await a_lost_one()
        names = list(lost.disclosures)
        swapped = dict(lost.disclosures) | {names[0]: lost.disclosures[names[1]]}
        record = await brought(replace(lost, disclosures=swapped))
        assert set(record.disclosures) == set(names[1:])
