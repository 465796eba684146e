"""A pool certificate hands its grams on: never more than it has, provably, and checkable from either side."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from tortoise import connections
from tortoise.exceptions import BaseORMException, IntegrityError

from certificates import pools, self_check, service
from certificates.bundle import Bundle, PoolProof
from certificates.credential import StatusSlot, sign_credential
from certificates.evidence import read_evidence
from certificates.facts import Drawn, Share, StatementFacts
from certificates.log.audit import Finding, audit
from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Corrected, LoggedPoolShare, Revoked, encode_leaf
from certificates.log.leaves import Issued as IssuedLeaf
from certificates.log.log_key import log_origin
from certificates.log.notes import NoteSigner
from certificates.log.sequencer import sequence
from certificates.log.store import export
from certificates.number import new_number
from certificates.records import CertificateNotFound, CertificateRecord
from certificates.statement import Environment, PoolShare, Statement
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import Evidence, TrustedIssuer, verify
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUED, ISSUER, NOW, Issued, a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span, fixed_hash
from tests.certificates.log.test_audit import a_share, an_issue, audited, codes
from tests.certificates.test_bundle import a_bundle, run_verifier, unpacked

RING, LIVE_RING = a_ring(), a_ring(Environment.LIVE)
LOG = NoteSigner.of(Ed25519PrivateKey.generate(), log_origin(ISSUER))
TONNE = 1_000_000


def a_pool_of(tonnes: int = 1, *, order: str = "ord_pool", serial: int = 1) -> StatementFacts:
    cancellation = a_cancellation(serials=(a_span(serial, serial + tonnes - 1),), our_reference=f"ret_{order}")
    return some_facts(
        order_reference=order, shares=(Share(cancellation, tonnes * TONNE),), footprint=None, texts={}, pool=True
    )


async def issue(facts: StatementFacts) -> CertificateRecord:
    return await run_tx(lambda _: service.issue(facts, ring=RING, issuer_url=ISSUER, now=NOW))


async def a_part(pool: CertificateRecord, grams: int, *, order: str, **changes: object) -> CertificateRecord:
    facts = {"order_reference": order, "shares": (), "drawn": (Drawn(pool.statement, grams),)} | changes
    return await issue(some_facts(**facts))


async def findings(folder: Path) -> tuple[Finding, ...]:
    """What an audit of the published files says against them."""
    await run_tx(lambda _: sequence(LOG, now=NOW))
    await export(folder)
    return audit(lambda path: (folder / path).read_bytes(), LogTrust(LOG.key)).findings


class TestAStatementFromAPool:
    def test_needs_the_second_version(self) -> None:
        facts = a_pool_of()
        pool = facts.statement(number="TEST-2345-6789-CDFH-JKMN", issued_at=NOW, disclosures={})
        assert pool.version == 2
        with pytest.raises(ValidationError, match="version 2"):
            Statement.model_validate(pool.model_dump() | {"version": 1})

    def test_is_never_a_pool_itself_and_names_each_pool_once(self) -> None:
        pool = a_pool_of().statement(number="TEST-2345-6789-CDFH-JKMN", issued_at=NOW, disclosures={})
        share = PoolShare(parent="TEST-1", statement_sha256=fixed_hash("a"), grams=1)
        for wrong in ({"from_pool": (share,)}, {"pool": None, "from_pool": (share, share)}):
            with pytest.raises(ValidationError):
                Statement.model_validate(pool.model_dump() | wrong)

    def test_cannot_be_drawn_from_an_ordinary_certificate_or_beyond_the_pool(self) -> None:
        ordinary = some_facts().statement(number="TEST-2345-6789-CDFH-JKMN", issued_at=NOW, disclosures={})
        pool = a_pool_of().statement(number="TEST-2345-6789-CDFH-JKMN", issued_at=NOW, disclosures={})
        for statement, grams in ((ordinary, 1), (pool, TONNE + 1), (pool, 0)):
            with pytest.raises(ValueError):
                Drawn(statement, grams)


@pytest.mark.usefixtures("db")
class TestThePartsNeverExceedThePool:
    async def test_the_last_gram_is_handed_on_and_not_one_more(self, tmp_path: Path) -> None:
        pool = await issue(a_pool_of())
        await a_part(pool, 1, order="ord_1")
        await a_part(pool, TONNE - 1, order="ord_2")
        assert (await pools.pool_of(pool.number)).left_g == 0
        with pytest.raises(IntegrityError):
            await a_part(pool, 1, order="ord_3")
        assert [part.grams for part in await pools.parts_of(pool.number, limit=9)] == [TONNE - 1, 1]
        assert await findings(tmp_path) == ()
        assert await self_check.contradictions(TrustedIssuer(ISSUER, RING.keys, LogTrust(LOG.key)), now=NOW) == []

    async def test_own_tonnes_and_grams_of_two_pools_in_one_certificate(self, tmp_path: Path) -> None:
        one, other = await issue(a_pool_of()), await issue(a_pool_of(order="ord_b", serial=9))
        own = a_cancellation(serials=(a_span(20, 21),), our_reference="ret_own")
        part = await a_part(
            one,
            5,
            order="ord_mixed",
            shares=(Share(own, 2 * TONNE),),
            drawn=(Drawn(one.statement, 300_000), Drawn(other.statement, 1)),
        )
        assert (part.grams, part.statement.cancelled_g, part.statement.pooled_g) == (2_300_001, 4 * TONNE, 300_001)
        assert [record.number for record in await pools.parents_of(part)] == [one.number, other.number]
        assert await findings(tmp_path) == ()

    async def test_a_correction_passes_the_grams_on(self, tmp_path: Path) -> None:
        pool = await issue(a_pool_of())
        part = await a_part(pool, TONNE, order="ord_1")
        facts = some_facts(
            order_reference="ord_1:corrected", shares=(), drawn=(Drawn(pool.statement, TONNE),), texts={}
        )
        await run_tx(
            lambda _: service.correct(part.number, facts, "typing error", ring=RING, issuer_url=ISSUER, now=NOW)
        )
        state = await pools.pool_of(pool.number)
        assert (state.handed_g, state.parts) == (TONNE, 1)
        assert await findings(tmp_path) == ()

    async def test_one_that_is_not_there_is_not_found(self) -> None:
        pool = await issue(a_pool_of())
        with pytest.raises(CertificateNotFound):
            await pools.find_pools([pool.number, "TEST-2345-6789-CDFH-JKMN"])

    async def test_a_revoked_part_keeps_its_grams(self) -> None:
        pool = await issue(a_pool_of())
        part = await a_part(pool, TONNE, order="ord_1")
        await run_tx(lambda _: service.revoke(part.number, "asked for", now=NOW))
        assert (await pools.pool_of(pool.number)).left_g == 0

    async def test_a_pool_with_parts_can_neither_be_revoked_nor_corrected(self) -> None:
        pool, unused = await issue(a_pool_of()), await issue(a_pool_of(order="ord_b", serial=9))
        await a_part(pool, 1, order="ord_1")
        with pytest.raises(IntegrityError):
            await run_tx(lambda _: service.revoke(pool.number, "mistake", now=NOW))
        await run_tx(lambda _: service.revoke(unused.number, "mistake", now=NOW))
        with pytest.raises(IntegrityError):
            await a_part(unused, 1, order="ord_2")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE pool_certificate SET handed_g = grams + 1",
            "UPDATE pool_certificate SET grams = grams + 1",
            "DELETE FROM pool_certificate",
            "UPDATE certificate_pool_share SET grams = 2",
            "DELETE FROM certificate_pool_share",
        ],
    )
    async def test_the_database_refuses_changes_by_hand(self, statement: str) -> None:
        pool = await issue(a_pool_of())
        await a_part(pool, 1, order="ord_1")
        connection = connections.get("default")
        with pytest.raises(BaseORMException):
            await connection.execute_query(sql(connection, statement))


class TestThePublicLogProvesIt:
    pool = an_issue("TEST-POOL", a_share(grams=TONNE)).model_copy(update={"pool": True})

    def part(self, number: str, grams: int, **changes: object) -> IssuedLeaf:
        share = LoggedPoolShare(parent="TEST-POOL", statement_sha256=self.pool.statement_sha256, grams=grams)
        leaf = an_issue(number, grams=grams).model_copy(update={"shares": (), "from_pool": (share,)})
        return leaf.model_copy(update=changes)

    def test_parts_up_to_the_whole_pool_are_sound_and_counted_once(self) -> None:
        found = audited(self.pool, self.part("TEST-1", 1), self.part("TEST-2", TONNE - 1))
        assert (found.findings, found.grams, found.issued) == ((), TONNE, 3)

    def test_one_gram_more_than_the_pool_has(self) -> None:
        assert codes(self.pool, self.part("TEST-1", 1), self.part("TEST-2", TONNE)) == {"pool_handed_on_twice"}

    def test_a_corrected_part_passes_its_grams_on(self) -> None:
        corrected = Corrected(number="TEST-1", at=NOW, replaced_by="TEST-2")
        leaves = self.pool, self.part("TEST-1", TONNE), corrected, self.part("TEST-2", TONNE, replaces="TEST-1")
        assert audited(*leaves).findings == ()

    def test_a_pool_that_is_missing_comes_later_is_another_or_is_none(self) -> None:
        part, ordinary = self.part("TEST-1", 1), self.pool.model_copy(update={"pool": None})
        another = self.pool.model_copy(update={"statement_sha256": fixed_hash("another")})
        for leaves in ((part,), (part, self.pool), (ordinary, part), (another, part)):
            assert codes(*leaves) == {"pool_missing"}

    def test_a_pool_that_ended_while_parts_hold_its_grams(self) -> None:
        revoked = Revoked(number="TEST-POOL", at=NOW)
        assert codes(self.pool, self.part("TEST-1", 1), revoked) == {"pool_ended_under_its_parts"}

    def test_grams_that_are_neither_shares_nor_of_a_pool(self) -> None:
        assert codes(self.pool, self.part("TEST-1", 1).model_copy(update={"grams": 2})) == {"grams_are_not_the_shares"}

    def test_an_ordinary_leaf_says_nothing_of_pools(self) -> None:
        assert b"pool" not in encode_leaf(an_issue("TEST-1"))


class TestAVerifierComparesThePartWithItsPool:
    def judged(self, *, pool: Statement | None, part: Statement) -> tuple[CheckResult, str | None, Outcome]:
        rings = {Environment.SANDBOX: RING, Environment.LIVE: LIVE_RING}
        credentials = [
            sign_credential(one, ring=rings[one.environment], issuer_url=ISSUER, slot=StatusSlot(1, n))
            for n, one in enumerate(filter(None, (part, pool)))
        ]
        evidence = Evidence(number=part.number, credential=credentials[0], pools=tuple(credentials[1:]))
        verdict = verify(evidence, TrustedIssuer(ISSUER, (*RING.keys, *LIVE_RING.keys)), now=NOW)
        check = verdict.check(CheckName.POOL)
        return check.result, check.reason, verdict.outcome

    def pair(self, **changes: object) -> tuple[Statement, Statement]:
        pool = a_pool_of().statement(number="TEST-2345-6789-CDFH-JKMN", issued_at=NOW, disclosures={})
        pool = pool.model_copy(update={"number": new_number(Environment.SANDBOX)})
        facts = some_facts(shares=(), drawn=(Drawn(pool, 1_000),))
        part = facts.statement(number=new_number(Environment.SANDBOX), issued_at=NOW, disclosures={})
        return pool, part.model_copy(update=changes)

    def test_it_fits(self) -> None:
        pool, part = self.pair()
        assert self.judged(pool=pool, part=part)[0] is CheckResult.PASSED

    def test_without_the_pool_it_is_not_made(self) -> None:
        pool, part = self.pair()
        assert self.judged(pool=None, part=part)[:2] == (CheckResult.NOT_MADE, "no_pool_certificate")
        other = pool.model_copy(update={"reduction_effort": "another"})
        assert self.judged(pool=other, part=part)[:2] == (CheckResult.NOT_MADE, "no_pool_certificate")

    def test_other_cancellations_than_the_pools_are_altered(self) -> None:
        pool, part = self.pair(cancellations=(a_cancellation(our_reference="another"),))
        assert self.judged(pool=pool, part=part) == (CheckResult.FAILED, "pool_differs", Outcome.ALTERED)

    def test_an_ordinary_certificate_in_the_pools_place_is_refused(self) -> None:
        pool, part = self.pair()
        ordinary = pool.model_copy(update={"pool": None})
        share = PoolShare(parent=ordinary.number, statement_sha256=ordinary.sha256(), grams=1_000)
        assert self.judged(pool=ordinary, part=part.model_copy(update={"from_pool": (share,)}))[1] == "pool_differs"

    def test_grams_up_to_the_whole_pool_fit_and_not_one_more(self) -> None:
        for grams, result in ((600_000, CheckResult.PASSED), (600_001, CheckResult.FAILED)):
            pool, part = self.pair()
            pool = pool.model_copy(update={"grams": 600_000})
            share = PoolShare(parent=pool.number, statement_sha256=pool.sha256(), grams=grams)
            assert self.judged(pool=pool, part=self.drawing(part, share))[0] is result

    def test_a_pool_of_another_number_or_environment_is_refused(self) -> None:
        pool, part = self.pair()
        live = pool.model_copy(update={"number": new_number(Environment.LIVE), "environment": Environment.LIVE})
        for parent, number in ((pool, new_number(Environment.SANDBOX)), (live, live.number)):
            share = PoolShare(parent=number, statement_sha256=parent.sha256(), grams=1_000)
            assert self.judged(pool=parent, part=self.drawing(part, share))[1] == "pool_differs"

    def test_what_we_did_not_sign_is_no_pool(self) -> None:
        pool, part = self.pair()
        forged = sign_credential(pool, ring=a_ring(), issuer_url=ISSUER, slot=StatusSlot(1, 2))
        credential = sign_credential(part, ring=RING, issuer_url=ISSUER, slot=StatusSlot(1, 1))
        for other in ("", forged):
            evidence = Evidence(number=part.number, credential=credential, pools=(other,))
            check = verify(evidence, TrustedIssuer(ISSUER, RING.keys), now=NOW).check(CheckName.POOL)
            assert (check.result, check.reason) == (CheckResult.NOT_MADE, "pool_unreadable")

    def drawing(self, part: Statement, share: PoolShare) -> Statement:
        return part.model_copy(update={"from_pool": (share,), "grams": share.grams})

    def test_the_exit_bundle_brings_the_pool_along(self) -> None:
        pool, part = self.pair()
        slot = StatusSlot(1, 1)
        sign = {"ring": RING, "issuer_url": ISSUER, "slot": slot}
        data = Bundle(
            issuer_url=ISSUER,
            statement=part,
            disclosures={},
            credential=sign_credential(part, **sign),
            proof="x",
            jwks=RING.jwks(),
            status_list="x",
            made_at=NOW,
            pools={pool.number: PoolProof(sign_credential(pool, **sign), "proof")},
        ).to_zip()
        evidence = replace(read_evidence(data), proof=None, status_list=None)
        verdict = verify(evidence, TrustedIssuer(ISSUER, RING.keys), now=NOW)
        assert verdict.check(CheckName.POOL).result is CheckResult.PASSED


class TestTheProgramInTheExitBundle:
    @pytest.mark.parametrize("spoilt", [None, "another_pool", "another_signer", "missing"])
    def test_checks_the_pool_too(self, tmp_path: Path, spoilt: str | None) -> None:
        ring = a_ring()
        facts = a_pool_of().statement(number=new_number(Environment.SANDBOX), issued_at=ISSUED, disclosures={})
        share = Drawn(facts, 1_000).as_share()
        part = Issued(
            ring=ring,
            changes={"version": 2, "grams": 1_000, "cancellations": facts.cancellations, "from_pool": (share,)},
        )
        pool = facts.model_copy(update={"reduction_effort": "another"}) if spoilt == "another_pool" else facts
        signed_by = a_ring() if spoilt == "another_signer" else ring
        credential = sign_credential(pool, ring=signed_by, issuer_url=ISSUER, slot=StatusSlot(1, 7))
        proofs = {} if spoilt == "missing" else {pool.number: PoolProof(credential, None)}
        code, said = run_verifier(unpacked(replace(a_bundle(part), pools=proofs), tmp_path))
        expected = {None: "passed", "missing": "not made"}.get(spoilt, "FAILED")
        assert (said["pool"], code) == (expected, 1 if expected == "FAILED" else 0)
