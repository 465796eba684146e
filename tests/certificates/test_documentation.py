"""docs/verification.md names every check, reason and verdict, so that a stranger's verifier can agree with ours."""

import re
from pathlib import Path

from certificates.verdict import CheckName, Outcome

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "verification.md").read_text("utf-8")
VERIFIER = [ROOT / "certificates" / name for name in ("verify.py", "jose.py", "compact_proof.py", "number.py")]
REASON = re.compile(
    r'(?:failed|not_made)\(CheckName\.\w+, "(\w+)"\)|Malformed(?:Token|Proof)\("(\w+)"\)|return "(\w+)"|'
    r'"(no_log_proof|no_log_key|unknown_key|signature_does_not_match)"|code = "(not_a_certificate_number|'
    r'certificate_number_mistyped)"'
)
# parts of `status_list_…` reasons
WITHIN_STATUS = {"status_list_of_other_certificates", "status_list_out_of_date"}


def reasons_in_the_code() -> set[str]:
    found = {next(filter(None, match)) for path in VERIFIER for match in REASON.findall(path.read_text("utf-8"))}
    return found - WITHIN_STATUS


def test_every_check_is_explained() -> None:
    assert [name for name in CheckName if f"| `{name.value}` |" not in TEXT] == []


def test_every_verdict_is_explained() -> None:
    assert [outcome for outcome in Outcome if f"`{outcome.value}`" not in TEXT] == []


def test_every_reason_is_named() -> None:
    reasons = reasons_in_the_code()
    assert len(reasons) > 30
    assert sorted(reason for reason in reasons if f"`{reason}`" not in TEXT) == []
