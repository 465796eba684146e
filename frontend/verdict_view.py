"""A verdict in words: the outcome first, then every check with why it did not pass."""

from dataclasses import dataclass

from certificates.verdict import Check, CheckResult, Outcome, Verdict
from frontend.locales import Locale
from frontend.wording import table_of, words

TABLE = "verdict"
KINDS = {
    Outcome.GENUINE: "cancelled",
    Outcome.REVOKED: "refused",
    Outcome.CORRECTED: "waiting",
    Outcome.TEST_CERTIFICATE: "sandbox",
    Outcome.NOT_OURS: "refused",
    Outcome.ALTERED: "refused",
    Outcome.UNDECIDED: "plain",
}
RESULT_KINDS = {CheckResult.PASSED: "cancelled", CheckResult.FAILED: "refused", CheckResult.NOT_MADE: "plain"}
# Ways in which a token, a QR proof, a log proof or a status list can be broken that mean the same to a reader.
_SAME = {
    **dict.fromkeys(
        (
            "too_large",
            "not_compact",
            "unreadable_header",
            "algorithm_not_allowed",
            "embedded_key",
            "wrong_type",
            "unexpected_header",
            "not_json",
        ),
        "unreadable",
    ),
    **dict.fromkeys(("not_canonical", "wrong_length", "unknown_version", "bad_dates"), "proof_unreadable"),
}


@dataclass(frozen=True, slots=True)
class CheckView:
    label: str
    kind: str
    result: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerdictView:
    outcome: str
    kind: str
    title: str
    meaning: str
    checks: tuple[CheckView, ...]
    number: str | None
    replaced_by: str | None


def view_of(verdict: Verdict, locale: Locale) -> VerdictView:
    return VerdictView(
        outcome=verdict.outcome.value,
        kind=KINDS[verdict.outcome],
        title=words(TABLE, f"outcome.{verdict.outcome.value}", locale),
        meaning=words(TABLE, f"meaning.{verdict.outcome.value}", locale),
        checks=tuple(
            CheckView(
                label=words(TABLE, f"check.{check.name.value}", locale),
                kind=RESULT_KINDS[check.result],
                result=words(TABLE, f"result.{check.result.value}", locale),
                reason=_reason(check, locale),
            )
            for check in verdict.checks
        ),
        number=verdict.number,
        replaced_by=verdict.replaced_by,
    )


def _reason(check: Check, locale: Locale) -> str:
    """The sentence for a reason. Evidence can be broken in ways that only an expert tells apart: those show their code."""
    if check.reason is None:
        return ""
    known = table_of(TABLE, locale)
    code = _SAME.get(check.reason, check.reason)
    if f"reason.{code}" in known:
        return words(TABLE, f"reason.{code}", locale)
    if check.reason.startswith("status_list_"):
        return words(TABLE, "reason.status_unusable", locale)
    if check.name.value == "log":
        return words(TABLE, "reason.log_unusable", locale)
    return words(TABLE, "reason.other", locale, {"code": check.reason})
