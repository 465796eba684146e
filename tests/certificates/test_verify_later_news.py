from datetime import timedelta

import pytest

from certificates.statement import Environment
from certificates.status_list import sign_status_list
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import verify
from tests.certificates.authority import ISSUER, NOW, Issued, a_ring
from tests.certificates.judging import judge, reason


class TestRevocation:
    def test_a_set_bit_revokes(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(issued.slot.index))
        assert verdict.outcome is Outcome.REVOKED
        assert reason(verdict, CheckName.STATUS) == (CheckResult.FAILED, "revoked")
        assert verdict.statement == issued.statement

    def test_the_bits_of_others_do_not(self) -> None:
        issued = Issued()
        neighbours = [issued.slot.index - 1, issued.slot.index + 1]
        assert judge(issued, status_list=issued.status_list(*neighbours)).outcome is Outcome.TEST_CERTIFICATE

    def test_a_list_from_before_is_not_believed(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(at=NOW - timedelta(hours=2)))
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_out_of_date")

    def test_a_list_from_the_future_is_not_believed(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(at=NOW + timedelta(days=2)))
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_out_of_date")

    def test_a_list_is_valid_for_exactly_an_hour(self) -> None:
        issued = Issued()
        evidence = issued.evidence(status_list=issued.status_list(at=NOW))
        for after, result in ((timedelta(0), CheckResult.PASSED), (timedelta(hours=1), CheckResult.NOT_MADE)):
            verdict = verify(evidence, issued.issuer, now=NOW + after)
            assert verdict.check(CheckName.STATUS).result is result
        just_before = verify(evidence, issued.issuer, now=NOW + timedelta(minutes=59, seconds=59))
        assert just_before.check(CheckName.STATUS).result is CheckResult.PASSED

    def test_a_reader_whose_clock_is_slow_by_a_day_still_believes_it(self) -> None:
        issued = Issued()
        evidence = issued.evidence(status_list=issued.status_list(at=NOW))
        verdict = verify(evidence, issued.issuer, now=NOW - timedelta(days=1))
        assert verdict.check(CheckName.STATUS).result is CheckResult.PASSED

    def test_the_list_of_other_certificates_is_not_believed(self) -> None:
        issued = Issued()
        other = sign_status_list(2, [], ring=issued.ring, issuer_url=ISSUER, now=NOW)
        verdict = judge(issued, status_list=other)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_of_other_certificates")

    def test_the_list_of_a_stranger_is_not_believed(self) -> None:
        issued = Issued()
        other = sign_status_list(1, [], ring=a_ring(), issuer_url=ISSUER, now=NOW)
        verdict = judge(issued, status_list=other)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_unknown_key")

    def test_a_certificate_is_no_list(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.credential)
        assert reason(verdict, CheckName.STATUS) == (CheckResult.NOT_MADE, "status_list_not_a_revocation_list")


class TestCorrection:
    def test_a_signed_successor_that_names_it_replaces_it(self) -> None:
        issued = Issued()
        successor = Issued(ring=issued.ring, changes={"replaces": issued.statement.number})
        verdict = judge(issued, replacement=successor.credential, status_list=issued.status_list(issued.slot.index))
        assert (verdict.outcome, verdict.replaced_by) == (Outcome.CORRECTED, successor.statement.number)

    def test_it_needs_no_status_list(self) -> None:
        issued = Issued()
        successor = Issued(ring=issued.ring, changes={"replaces": issued.statement.number})
        assert judge(issued, replacement=successor.credential, status_list=None).outcome is Outcome.CORRECTED

    def test_a_stranger_cannot_replace_it(self) -> None:
        issued = Issued()
        forged = Issued(changes={"replaces": issued.statement.number})
        assert judge(issued, replacement=forged.credential).outcome is Outcome.TEST_CERTIFICATE

    @pytest.mark.parametrize("replaces", [None, "TEST-2345-6789-CDFH-JKMN"])
    def test_a_certificate_that_names_another_does_not_replace_it(self, replaces: str | None) -> None:
        issued = Issued()
        other = Issued(ring=issued.ring, changes={"replaces": replaces})
        assert judge(issued, replacement=other.credential).outcome is Outcome.TEST_CERTIFICATE

    @pytest.mark.parametrize("text", ["", "a.b.c"])
    def test_a_broken_successor_replaces_nothing(self, text: str) -> None:
        assert judge(Issued(), replacement=text).outcome is Outcome.TEST_CERTIFICATE


class TestWhenNewsConflict:
    def test_alteration_outweighs_revocation(self) -> None:
        issued = Issued()
        other = issued.statement.model_copy(update={"grams": 1})
        verdict = judge(issued, statement=other, status_list=issued.status_list(issued.slot.index))
        assert verdict.outcome is Outcome.ALTERED

    def test_revocation_outweighs_test(self) -> None:
        issued = Issued()
        verdict = judge(issued, status_list=issued.status_list(issued.slot.index))
        assert (verdict.outcome, verdict.environment) == (Outcome.REVOKED, Environment.SANDBOX)
