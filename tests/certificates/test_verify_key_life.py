from datetime import timedelta

from certificates.keys import LocalSigner
from certificates.statement import Environment
from certificates.verdict import CheckName, CheckResult, Outcome
from certificates.verify import verify
from tests.certificates.authority import ISSUED, NOW, Issued
from tests.certificates.judging import judge, reason


class TestKeysHaveALife:
    def test_a_retired_key_still_proves_what_it_signed_before(self) -> None:
        issued = Issued()
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
        assert judge(issued).outcome is Outcome.TEST_CERTIFICATE

    def test_a_retired_key_proves_nothing_signed_later(self) -> None:
        issued = Issued()
        before = ISSUED - timedelta(seconds=1)
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=before), now=before)
        verdict = judge(issued)
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_retired")

    def test_a_key_may_sign_until_the_very_moment_it_is_retired(self) -> None:
        issued = Issued()
        issued.ring = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=ISSUED), now=ISSUED)
        assert judge(issued).outcome is Outcome.TEST_CERTIFICATE

    def test_a_signature_from_the_moment_of_the_theft_is_refused(self) -> None:
        verdict = judge(stolen(at=ISSUED))
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_revoked")

    def test_a_signature_from_after_the_theft_is_refused(self) -> None:
        verdict = judge(stolen(at=ISSUED - timedelta(hours=1)))
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "signed_after_key_revoked")

    def test_a_signature_dated_before_the_theft_needs_the_log(self) -> None:
        verdict = judge(stolen(at=ISSUED + timedelta(hours=1)), log_proof=None)
        assert verdict.outcome is Outcome.UNDECIDED
        assert reason(verdict, CheckName.KEY) == (CheckResult.NOT_MADE, "key_revoked_and_no_older_log_entry")
        assert verdict.statement is None

    def test_a_log_entry_from_before_the_theft_saves_it(self) -> None:
        issued = stolen(at=ISSUED + timedelta(hours=1))
        assert judge(issued, log_proof=issued.log_proof()).outcome is Outcome.TEST_CERTIFICATE

    def test_a_log_entry_from_after_the_theft_does_not(self) -> None:
        issued = stolen(at=ISSUED + timedelta(hours=1))
        late = issued.leaf(at=ISSUED + timedelta(hours=1))
        assert judge(issued, log_proof=issued.log_proof(late)).outcome is Outcome.UNDECIDED

    def test_nothing_is_issued_in_the_future(self) -> None:
        issued = Issued()
        verdict = verify(issued.evidence(), issued.issuer, now=ISSUED - timedelta(days=2))
        assert verdict.outcome is Outcome.NOT_OURS
        assert reason(verdict, CheckName.KEY) == (CheckResult.FAILED, "issued_in_future")

    def test_a_reader_whose_clock_is_slow_by_up_to_a_day_is_not_alarmed(self) -> None:
        issued, day = Issued(), timedelta(days=1)
        verdicts = [
            verify(issued.evidence(status_list=None), issued.issuer, now=ISSUED - slow)
            for slow in (day, day + timedelta(microseconds=1))
        ]
        assert [one.outcome for one in verdicts] == [Outcome.TEST_CERTIFICATE, Outcome.NOT_OURS]


def stolen(at: object) -> Issued:
    """A certificate whose key was rotated today and revoked as of `at`."""
    issued = Issued()
    rotated = issued.ring.rotated(LocalSigner.generate(Environment.SANDBOX, now=NOW), now=NOW)
    issued.ring = rotated.with_revoked(rotated.history[0].kid, at=at, reason="compromised")
    return issued
