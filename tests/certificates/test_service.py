import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from certificates import models, records, service
from certificates.backing import CancellationDiffers, grams_left
from certificates.facts import Share, ShareTooLarge, StatementFacts
from certificates.keys import KeyOfOtherEnvironment, KeyRing
from certificates.records import CertificateNotFound, CertificateRecord, CertificateState
from certificates.reservations import ReservedForOtherEnvironment, reserve
from certificates.service import AlreadyEnded, CertifiedDifferently
from certificates.statement import DisclosedField, Environment
from certificates.verdict import Outcome
from certificates.verify import Evidence, TrustedIssuer, Verdict, verify
from marketplace.database.transactions import run_tx
from tests.certificates.authority import ISSUER, NOW, a_ring, some_facts
from tests.certificates.builders import a_cancellation, a_span

T = TypeVar("T")
pytestmark = pytest.mark.usefixtures("db")
RING = a_ring(created=NOW - timedelta(days=1))


async def in_tx(work: Callable[[], Awaitable[T]]) -> T:
    async def run(_: BaseDBAsyncClient) -> T:
        return await work()

    return await run_tx(run)


async def issue(facts: StatementFacts | None = None, ring: KeyRing = RING) -> CertificateRecord:
    chosen = facts or some_facts()
    return await in_tx(lambda: service.issue(chosen, ring=ring, issuer_url=ISSUER, now=NOW))


async def issue_all(facts: list[StatementFacts]) -> list[CertificateRecord]:
    return await in_tx(lambda: service.issue_all(facts, ring=RING, issuer_url=ISSUER, now=NOW))


async def revoke(number: str) -> CertificateRecord:
    return await in_tx(lambda: service.revoke(number, "registry_reversed", now=NOW))


async def correct(number: str, facts: StatementFacts) -> CertificateRecord:
    return await in_tx(lambda: service.correct(number, facts, "name_misspelt", ring=RING, issuer_url=ISSUER, now=NOW))


async def judged(record: CertificateRecord, replacement: str | None = None) -> Verdict:
    """The verdict of a stranger who has the certificate and asks for the status list."""
    status_list = await service.status_list(record.slot.list_number, ring=RING, issuer_url=ISSUER, now=NOW)
    evidence = Evidence(
        number=record.number,
        credential=record.credential,
        proof=record.proof,
        statement=record.statement,
        disclosures=record.disclosures,
        status_list=status_list,
        replacement=replacement,
    )
    return verify(evidence, TrustedIssuer(ISSUER, RING.keys), now=NOW)


def a_part(grams: int, *, reference: str = "ret_pool", order: str) -> StatementFacts:
    """A part of one pool tonne."""
    tonne = a_cancellation(serials=(a_span(7, 7),), our_reference=reference)
    return some_facts(order_reference=order, shares=(Share(tonne, grams),), footprint=None)


class TestAnIssuedCertificate:
    async def test_says_what_the_facts_say(self) -> None:
        facts = some_facts()
        issued = await issue(facts)
        assert issued.grams == facts.grams == issued.statement.grams
        assert issued.statement.cancellations == tuple(share.cancellation for share in facts.shares)
        assert {name: text.value for name, text in issued.disclosures.items()} == facts.texts
        assert issued.state is CertificateState.VALID

    async def test_is_found_by_its_number_however_typed(self) -> None:
        issued = await issue()
        assert await records.find(issued.number) == issued
        assert await records.find(issued.number.lower().replace("-", " ")) == issued

    @pytest.mark.parametrize("number", ["TEST-2345-6789-CDFH-JKMN", "", "robots.txt", "ASHI"])
    async def test_another_number_finds_nothing(self, number: str) -> None:
        await issue()
        with pytest.raises(CertificateNotFound):
            await records.find(number)

    async def test_passes_the_verifier(self) -> None:
        verdict = await judged(await issue())
        assert verdict.outcome is Outcome.TEST_CERTIFICATE
        assert {check.reason for check in verdict.checks} == {None, "no_log_proof"}

    async def test_is_stored_byte_for_byte_as_hashed(self) -> None:
        issued = await issue()
        row = await models.Certificate.get(number=issued.number)
        assert row.statement.encode() == issued.statement.canonical_json()
        assert row.statement_sha256 == issued.statement.sha256()

    async def test_is_dated_to_the_second(self) -> None:
        late = NOW.replace(microsecond=999_999)
        issued = await in_tx(lambda: service.issue(some_facts(), ring=RING, issuer_url=ISSUER, now=late))
        assert issued.issued_at == issued.statement.issued_at == NOW


class TestAnOrderGetsOneCertificate:
    async def test_issuing_again_returns_the_same(self) -> None:
        assert await issue() == await issue()
        assert await models.Certificate.all().count() == 1

    async def test_issuing_at_the_same_time_returns_the_same(self) -> None:
        certificates = await asyncio.gather(*(issue() for _ in range(8)))
        assert len({certificate.number for certificate in certificates}) == 1

    async def test_a_crash_between_reserving_and_recording_keeps_the_number(self) -> None:
        reserved = await in_tx(lambda: reserve("ord_0001", Environment.SANDBOX, now=NOW))
        issued = await issue()
        assert (issued.number, issued.slot) == (reserved.number, reserved.slot)

    async def test_a_rolled_back_transaction_leaves_nothing(self) -> None:
        async def fail() -> None:
            await service.issue(some_facts(), ring=RING, issuer_url=ISSUER, now=NOW)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await in_tx(fail)
        assert await models.Certificate.all().count() == 0
        assert await models.CertifiedCancellation.all().count() == 0

    async def test_the_same_order_with_another_content_is_refused(self) -> None:
        await issue()
        with pytest.raises(CertifiedDifferently):
            await issue(some_facts(reduction_effort="何もしませんでした。"))
        with pytest.raises(CertifiedDifferently):
            await issue(some_facts(texts={DisclosedField.BENEFICIARY: "別の団体"}))

    async def test_it_can_be_found_by_its_order(self) -> None:
        assert await records.find_by_order("ord_0001") is None
        issued = await issue()
        assert await records.find_by_order("ord_0001") == issued

    async def test_an_order_never_changes_its_environment(self) -> None:
        await in_tx(lambda: reserve("ord_0001", Environment.LIVE, now=NOW))
        with pytest.raises(ReservedForOtherEnvironment):
            await issue()

    async def test_the_ring_of_the_other_environment_cannot_issue(self) -> None:
        with pytest.raises(KeyOfOtherEnvironment):
            await issue(ring=a_ring(Environment.LIVE))


class TestNoGramBacksTwoCertificates:
    async def test_a_pool_tonne_can_be_handed_out_to_the_last_gram(self) -> None:
        assert await grams_left("ret_pool") is None
        await issue(a_part(999_999, order="ord_1"))
        assert await grams_left("ret_pool") == 1
        await issue(a_part(1, order="ord_2"))
        with pytest.raises(IntegrityError, match="cancellation_not_certified_twice"):
            await issue(a_part(1, order="ord_3"))

    async def test_a_refused_certificate_leaves_nothing(self) -> None:
        await issue(a_part(600_000, order="ord_1"))
        with pytest.raises(IntegrityError):
            await issue(a_part(600_000, order="ord_2"))
        assert await models.Certificate.all().count() == 1
        assert (await models.CertifiedCancellation.get(our_reference="ret_pool")).certified_g == 600_000

    async def test_ten_at_once_for_three_places_get_three(self) -> None:
        orders = (issue(a_part(300_000, order=f"ord_{n}")) for n in range(10))
        results = await asyncio.gather(*orders, return_exceptions=True)
        assert sum(isinstance(result, CertificateRecord) for result in results) == 3
        assert sum(isinstance(result, IntegrityError) for result in results) == 7
        assert (await models.CertifiedCancellation.get(our_reference="ret_pool")).certified_g == 900_000

    async def test_the_same_serials_under_another_reference_are_refused(self) -> None:
        await issue(a_part(1, order="ord_1"))
        with pytest.raises(IntegrityError):
            await issue(a_part(1, reference="ret_other", order="ord_2"))

    async def test_the_same_reference_with_other_serials_is_refused(self) -> None:
        await issue(a_part(1, order="ord_1"))
        other = a_cancellation(serials=(a_span(8, 8),), our_reference="ret_pool")
        with pytest.raises(CancellationDiffers):
            await issue(some_facts(order_reference="ord_2", shares=(Share(other, 1),)))

    async def test_overlapping_serials_are_refused(self) -> None:
        first = a_cancellation(serials=(a_span(10, 20),), our_reference="ret_a")
        second = a_cancellation(serials=(a_span(20, 30),), our_reference="ret_b")
        await issue(some_facts(order_reference="ord_1", shares=(Share(first, 1),)))
        with pytest.raises(IntegrityError, match="serial_cancelled_once"):
            await issue(some_facts(order_reference="ord_2", shares=(Share(second, 1),)))

    @pytest.mark.parametrize("grams", [0, -1, 3_000_001])
    def test_a_share_is_part_of_its_cancellation(self, grams: int) -> None:
        with pytest.raises(ShareTooLarge):
            Share(a_cancellation(), grams)


class TestManyAtOnce:
    async def test_get_one_certificate_each_in_the_order_asked_for(self) -> None:
        facts = [a_part(1_000, order=f"ord_{n}") for n in range(20)]
        issued = await issue_all(facts)
        assert [record.order_reference for record in issued] == [one.order_reference for one in facts]
        assert len({record.number for record in issued}) == len({record.slot for record in issued}) == 20
        assert [await records.find(record.number) for record in issued] == issued

    async def test_with_some_issued_before_get_those_again(self) -> None:
        before = await issue(a_part(1_000, order="ord_3"))
        issued = await issue_all([a_part(1_000, order=f"ord_{n}") for n in range(5)])
        assert issued[3] == before
        assert await models.Certificate.all().count() == 5

    async def test_are_all_refused_if_one_is(self) -> None:
        facts = [a_part(300_000, order=f"ord_{n}") for n in range(4)]
        with pytest.raises(IntegrityError):
            await issue_all(facts)
        assert await models.Certificate.all().count() == 0


class TestRevocation:
    async def test_shows_in_the_record_and_in_the_status_list(self) -> None:
        issued = await issue()
        revoked = await revoke(issued.number)
        assert revoked.state is CertificateState.REVOKED
        assert revoked.ended is not None
        assert (revoked.ended.reason, revoked.ended.at) == ("registry_reversed", NOW)
        assert (await judged(revoked)).outcome is Outcome.REVOKED

    async def test_leaves_all_others_valid(self) -> None:
        first, second = await issue(a_part(1, order="ord_1")), await issue(a_part(1, order="ord_2"))
        await revoke(first.number)
        assert (await judged(second)).outcome is Outcome.TEST_CERTIFICATE

    async def test_happens_once(self) -> None:
        issued = await issue()
        await revoke(issued.number)
        with pytest.raises(AlreadyEnded):
            await revoke(issued.number)

    async def test_does_not_give_the_grams_back(self) -> None:
        issued = await issue(a_part(1_000_000, order="ord_1"))
        await revoke(issued.number)
        with pytest.raises(IntegrityError):
            await issue(a_part(1, order="ord_2"))


class TestCorrection:
    async def test_replaces_the_certificate_by_a_new_one(self) -> None:
        old = await issue()
        new = await correct(old.number, some_facts(order_reference="ord_0001/2", reduction_effort="訂正後"))
        assert new.statement.replaces == old.number
        corrected = await records.find(old.number)
        assert corrected.state is CertificateState.CORRECTED
        assert corrected.ended is not None
        assert corrected.ended.replaced_by == new.number
        assert await records.find_by_order("ord_0001") == new

    async def test_both_verify_as_what_they_are(self) -> None:
        old = await issue()
        new = await correct(old.number, some_facts(order_reference="ord_0001/2"))
        verdict = await judged(old, replacement=new.credential)
        assert (verdict.outcome, verdict.replaced_by) == (Outcome.CORRECTED, new.number)
        assert (await judged(new)).outcome is Outcome.TEST_CERTIFICATE

    async def test_repeated_returns_the_same_replacement(self) -> None:
        old = await issue()
        facts = some_facts(order_reference="ord_0001/2")
        assert await correct(old.number, facts) == await correct(old.number, facts)

    async def test_hands_the_grams_on(self) -> None:
        old = await issue(a_part(1_000_000, order="ord_1"))
        await correct(old.number, a_part(400_000, order="ord_1/2"))
        await issue(a_part(600_000, order="ord_2"))
        with pytest.raises(IntegrityError):
            await issue(a_part(1, order="ord_3"))

    async def test_of_an_ended_certificate_is_refused(self) -> None:
        old = await issue()
        await revoke(old.number)
        with pytest.raises(AlreadyEnded):
            await correct(old.number, some_facts(order_reference="ord_0001/2"))

    async def test_happens_once(self) -> None:
        old = await issue()
        await correct(old.number, some_facts(order_reference="ord_0001/2"))
        with pytest.raises(AlreadyEnded):
            await correct(old.number, some_facts(order_reference="ord_0001/3"))


class TestErasing:
    async def test_a_name_goes_and_the_proofs_stay(self) -> None:
        issued = await issue()
        erased = await in_tx(lambda: service.erase(issued.number, [DisclosedField.BENEFICIARY]))
        assert DisclosedField.BENEFICIARY not in erased.disclosures
        assert DisclosedField.SUBJECT in erased.disclosures
        assert (erased.statement, erased.credential) == (issued.statement, issued.credential)
        assert (await judged(erased)).outcome is Outcome.TEST_CERTIFICATE

    async def test_the_name_is_nowhere_in_the_database(self) -> None:
        issued = await issue()
        name = issued.disclosures[DisclosedField.PURCHASER].value
        await in_tx(lambda: service.erase(issued.number, [DisclosedField.PURCHASER]))
        row = await models.Certificate.get(number=issued.number)
        assert name not in repr(dict(row))
        assert await models.CertificateText.filter(value__contains=name).count() == 0

    async def test_issuing_again_after_erasing_still_returns_the_same(self) -> None:
        issued = await issue()
        erased = await in_tx(lambda: service.erase(issued.number, list(DisclosedField)))
        assert await issue() == erased


class TestPlacesInTheStatusList:
    async def test_are_taken_at_random(self) -> None:
        taken = [await in_tx(lambda n=n: reserve(f"ord_{n}", Environment.SANDBOX, now=NOW)) for n in range(20)]
        places = [reservation.slot.index for reservation in taken]
        assert len(set(places)) == 20
        assert places != sorted(places)
        assert max(places) - min(places) > 20_000

    async def test_the_list_is_of_the_asked_number_only(self) -> None:
        issued = await issue()
        await revoke(issued.number)
        other = await service.status_list(issued.slot.list_number + 1, ring=RING, issuer_url=ISSUER, now=NOW)
        assert other != await service.status_list(issued.slot.list_number, ring=RING, issuer_url=ISSUER, now=NOW)


class TestListingCertificates:
    async def test_pages_in_order_of_issue(self) -> None:
        numbers = []
        for n in range(5):
            facts, at = a_part(1, order=f"ord_{n}"), NOW + timedelta(seconds=n)
            record = await in_tx(lambda f=facts, t=at: service.issue(f, ring=RING, issuer_url=ISSUER, now=t))
            numbers.append(record.number)
        first = await records.issued_after(None, limit=3)
        rest = await records.issued_after(first[-1].number, limit=3)
        assert [record.number for record in (*first, *rest)] == numbers
