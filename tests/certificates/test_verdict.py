"""The one word follows from the checks alone, and the first rule that applies decides."""

import pytest

from certificates.statement import Environment
from certificates.verdict import Check, CheckName, Outcome, failed, not_made, outcome_of, passed

LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX
NOT_OURS = (
    "not_a_certificate_number",
    "certificate_number_mistyped",
    "too_large",
    "not_compact",
    "unreadable_header",
    "algorithm_not_allowed",
    "embedded_key",
    "wrong_type",
    "unexpected_header",
    "foreign_issuer",
    "unknown_key",
    "unknown_version",
    "not_a_certificate",
    "signed_after_key_retired",
    "signed_after_key_revoked",
    "key_of_other_environment",
    "issued_in_future",
)


def outcome(*changed: Check, environment: Environment = LIVE, replaced: bool = False) -> Outcome:
    """Of checks that all passed, but for those that are given."""
    checks = {name: passed(name) for name in CheckName} | {check.name: check for check in changed}
    return outcome_of(list(checks.values()), environment, replaced=replaced)


class TestWhatFailed:
    @pytest.mark.parametrize("reason", NOT_OURS)
    def test_may_say_that_it_was_never_ours(self, reason: str) -> None:
        altered = failed(CheckName.CONTENT, "number_differs")
        assert outcome(failed(CheckName.CREDENTIAL, reason), altered) is Outcome.NOT_OURS

    @pytest.mark.parametrize(
        "reason", ["signature_does_not_match", "log_entry_differs", "text_differs", "anything_new"]
    )
    def test_else_says_that_it_was_altered(self, reason: str) -> None:
        assert outcome(failed(CheckName.CREDENTIAL, reason), replaced=True) is Outcome.ALTERED

    def test_weighs_nothing_if_the_same_was_only_not_made(self) -> None:
        assert outcome(not_made(CheckName.PROOF, "unknown_key")) is Outcome.GENUINE


class TestWithNothingAgainstIt:
    def test_the_key_decides_first_then_what_became_of_it_and_then_its_environment(self) -> None:
        key, revoked = not_made(CheckName.KEY, "nothing_signed"), failed(CheckName.STATUS, "revoked")
        assert outcome(key, revoked, environment=SANDBOX, replaced=True) is Outcome.UNDECIDED
        assert outcome(revoked, environment=SANDBOX, replaced=True) is Outcome.CORRECTED
        assert outcome(revoked, environment=SANDBOX) is Outcome.REVOKED
        assert outcome(environment=SANDBOX) is Outcome.TEST_CERTIFICATE
        assert outcome() is Outcome.GENUINE
