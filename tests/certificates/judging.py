"""Judge what the authority of the tests issued."""

from certificates.verdict import CheckName, CheckResult, Verdict
from certificates.verify import verify
from tests.certificates.authority import NOW, Issued


def judge(issued: Issued, **changes: object) -> Verdict:
    return verify(issued.evidence(**changes), issued.issuer, now=NOW)


def reason(verdict: Verdict, name: CheckName) -> tuple[CheckResult, str | None]:
    check = verdict.check(name)
    return check.result, check.reason
