"""What a verification says: single checks, and the one word that follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from certificates.compact_proof import CompactProof
from certificates.statement import Environment, Statement


class Outcome(StrEnum):
    """The verdict in one word. `undecided`: nothing signed was presented, or the decisive check could not be made."""

    GENUINE = "genuine"
    REVOKED = "revoked"
    CORRECTED = "corrected"
    TEST_CERTIFICATE = "test_certificate"
    NOT_OURS = "not_ours"
    ALTERED = "altered"
    UNDECIDED = "undecided"


class CheckName(StrEnum):
    """In the order they are made and shown.

    Only where there is something to check: FILES with an exit bundle, PAPER with a PDF, POOL with a certificate that has
    grams of a pool certificate.
    """

    FILES = "files"
    PAPER = "paper"
    NUMBER = "number"
    CREDENTIAL = "credential"
    PROOF = "proof"
    LOG = "log"
    KEY = "key"
    CONTENT = "content"
    DISCLOSURES = "disclosures"
    POOL = "pool"
    STATUS = "status"


class CheckResult(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_MADE = "not_made"


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `reason` is a stable code and stands with everything that did not pass."""

    name: CheckName
    result: CheckResult
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the public log holds the certificate: leaf `position` of a tree of `size`, appended at `at`."""

    position: int
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`statement` and `attested` are set only if a valid signature covers them: the full record, or the QR's short one.

    `logged` is set only if the log check passed.
    """

    outcome: Outcome
    checks: tuple[Check, ...]
    number: str | None
    environment: Environment | None
    statement: Statement | None
    attested: CompactProof | None
    logged: Logged | None
    replaced_by: str | None

    def check(self, name: CheckName) -> Check:
        return next(check for check in self.checks if check.name is name)


REVOKED = "revoked"

# Every other failure means that something of ours was changed.
_NOT_OURS_REASONS = frozenset(
    {
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
    }
)


def outcome_of(checks: Sequence[Check], environment: Environment | None, *, replaced: bool) -> Outcome:
    """The first rule that applies decides.

    `replaced` means that a signed certificate at hand names this one as the one it replaces.
    """
    result = {check.name: check.result for check in checks}
    against = {check.reason for check in checks if check.result is CheckResult.FAILED} - {REVOKED}
    rules = (
        (bool(against & _NOT_OURS_REASONS), Outcome.NOT_OURS),
        (bool(against), Outcome.ALTERED),
        (result[CheckName.KEY] is not CheckResult.PASSED, Outcome.UNDECIDED),
        (replaced, Outcome.CORRECTED),
        (result[CheckName.STATUS] is CheckResult.FAILED, Outcome.REVOKED),
        (environment is Environment.SANDBOX, Outcome.TEST_CERTIFICATE),
        (True, Outcome.GENUINE),
    )
    return next(outcome for applies, outcome in rules if applies)


def passed(name: CheckName) -> Check:
    return Check(name, CheckResult.PASSED)


def failed(name: CheckName, reason: str) -> Check:
    return Check(name, CheckResult.FAILED, reason)


def not_made(name: CheckName, reason: str) -> Check:
    return Check(name, CheckResult.NOT_MADE, reason)
