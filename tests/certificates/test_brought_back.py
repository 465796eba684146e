"""A certificate that was lost with the end of a restored backup comes back from its holder's file, as it was."""

from dataclasses import replace

import pytest

from certificates import models, service
from certificates.brought_back import LostAndEnded, NotALostCertificate, PoolIsLost, bring_back
from certificates.credential import StatusSlot
from certificates.facts import Drawn, Share, StatementFacts
from certificates.log.adopt import adopt, read_copy
from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Revoked, encode_leaf, issued_leaf
from certificates.log.lost import lost_leaves
from certificates.log.store import proof_of
from certificates.number import new_number
from certificates.records import CertificateRecord
from certificates.reservations import Reservation
from certificates.self_check import contradictions
from certificates.service import SignedCertificate
from certificates.statement import Environment, Statement
from certificates.verify import TrustedIssuer
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, some_facts
from tests.certificates.builders import a_cancellation, a_span
from tests.certificates.log.filled import RING, SIGNER
from tests.certificates.log.test_audit import files_of
from tests.certificates.test_pools import a_pool_of

pytestmark = pytest.mark.usefixtures("db")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TRUST = LogTrust(SIGNER.key)


def the_facts() -> StatementFacts:
    tonne = a_cancellation(serials=(a_span(90, 90),), our_reference="ret_90")
    return some_facts(order_reference="ord_1", shares=(Share(tonne, 400_000),), footprint=None)


def signed(facts: StatementFacts, place: int = 94_567) -> SignedCertificate:
    """Signed as it was when it was issued, and nowhere on the books."""
    number = new_number(Environment.SANDBOX)
    reservation = Reservation(facts.order_reference, Environment.SANDBOX, number, StatusSlot(1, place))
    return service.sign(facts, reservation, ring=RING, issuer_url=ISSUER, now=NOW)


def leaf_of(lost: SignedCertificate) -> bytes:
    shares = [(one.cancellation, one.grams) for one in lost.facts.shares]
    return encode_leaf(issued_leaf(lost.statement, lost.credential, shares))


async def taken_over(*leaves: bytes) -> None:
    """The log goes on from a copy with these leaves."""
    copy = read_copy(files_of(list(leaves), SIGNER).__getitem__, TRUST)
    await run_tx(lambda _: adopt(copy, now=NOW))


async def a_lost_one(*later: type[Revoked]) -> SignedCertificate:
    """Issued, published and lost; the log has been taken over from a copy."""
    lost = signed(the_facts())
    ends = [encode_leaf(kind(number=lost.statement.number, at=NOW)) for kind in later]
    await taken_over(leaf_of(lost), *ends)
    return lost


async def nothing_contradicts() -> bool:
    return await contradictions(TrustedIssuer(ISSUER, RING.keys, TRUST), now=NOW) == []


async def brought(lost: SignedCertificate) -> CertificateRecord:
    order = lost.facts.order_reference
    return await run_tx(
        lambda _: bring_back(lost.credential, lost.disclosures, order, ring=RING, issuer_url=ISSUER, now=NOW)
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
        assert await nothing_contradicts()

    async def test_and_its_order_gets_no_second_one(self) -> None:
        lost = await a_lost_one()
        await brought(lost)
        assert (await issued()).number == lost.statement.number


class TestAPartOfAPool:
    def the_part(self, pool: Statement) -> SignedCertificate:
        facts = some_facts(order_reference="ord_part", shares=(), drawn=(Drawn(pool, 300_000),), footprint=None)
        return signed(facts, place=7)

    async def handed_g(self, pool: Statement) -> int:
        return (await models.PoolCertificate.get(number=pool.number)).handed_g

    async def test_counts_in_its_pool_while_it_is_lost_and_when_it_is_back(self) -> None:
        pool = await run_tx(lambda _: service.issue(a_pool_of(), ring=RING, issuer_url=ISSUER, now=NOW))
        part = self.the_part(pool.statement)
        await taken_over((await models.LogEvent.get()).leaf, leaf_of(part))
        assert (await self.handed_g(pool.statement), await nothing_contradicts()) == (300_000, True)
        await brought(part)
        assert (await self.handed_g(pool.statement), await nothing_contradicts()) == (300_000, True)

    @on_sqlite
    async def test_comes_back_after_its_pool(self) -> None:
        pool = signed(a_pool_of())
        part = self.the_part(pool.statement)
        await taken_over(leaf_of(pool), leaf_of(part))
        with pytest.raises(PoolIsLost):
            await brought(part)
        await brought(pool)
        assert (await self.handed_g(pool.statement), await nothing_contradicts()) == (300_000, True)
        await brought(part)
        assert (await self.handed_g(pool.statement), await nothing_contradicts()) == (300_000, True)


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
