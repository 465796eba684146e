"""`ashiato verify`: check a certificate on one's own machine, with the issuer's published keys.

The keys come from the issuer that the caller trusts, never from the evidence. Without a network only what the evidence
carries can be checked, and what could not be checked is said.
"""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509

from certificates.credential import StatusSlot, slot_in
from certificates.evidence import UnreadableEvidence, read_evidence
from certificates.jose import MalformedToken, read_compact
from certificates.keys import UnusableKey, read_jwks
from certificates.log.checkpoint import LogTrust
from certificates.log.notes import MalformedKey, NoteKey
from certificates.number import MistypedNumber, NotACertificateNumber, read_number
from certificates.verdict import CheckResult, Outcome, Verdict
from certificates.verify import Evidence, TrustedIssuer, verify
from marketplace.clock import system_clock

EXIT_GENUINE, EXIT_NOT_GENUINE, EXIT_UNDECIDED = 0, 1, 2
TIMEOUT_SECONDS = 10

SAID = {
    Outcome.GENUINE: "GENUINE",
    Outcome.TEST_CERTIFICATE: "TEST CERTIFICATE - the signature is right, but nothing was really cancelled",
    Outcome.REVOKED: "REVOKED - issued by this service and no longer valid",
    Outcome.CORRECTED: "CORRECTED - replaced by another certificate",
    Outcome.NOT_OURS: "NOT OURS - not issued by this issuer",
    Outcome.ALTERED: "ALTERED - something was changed after it was signed",
    Outcome.UNDECIDED: "UNDECIDED - the decisive check could not be made",
}


class NoKeys(Exception):
    """The issuer's keys could not be had, so nothing can be checked."""

    code = "no_keys"


@dataclass(frozen=True, slots=True)
class _Issuer:
    """Reads what the issuer publishes; a part that cannot be had is None, and its check is then not made."""

    url: str
    online: bool

    def get(self, path: str) -> str | None:
        if not self.online:
            return None
        try:
            answer = httpx.get(f"{self.url}{path}", timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError:
            return None
        return answer.text if answer.status_code == httpx.codes.OK else None

    def log(self, file: Path | None) -> LogTrust | None:
        """Whose log is believed; None if nobody can say. Raises MalformedKey."""
        published = file.read_text("utf-8") if file else self.get("/.well-known/ashiato-log.txt")
        return LogTrust(NoteKey.from_text(published.split("\n")[0])) if published else None

    def paper_roots(self, file: Path | None) -> tuple[x509.Certificate, ...]:
        """Whose signatures on PDFs are believed; none if nobody can say. Raises OSError."""
        published = file.read_text("utf-8") if file else self.get("/.well-known/ashiato-pdf-roots.pem")
        try:
            return tuple(x509.load_pem_x509_certificates(published.encode())) if published else ()
        except ValueError:  # not certificates, so nobody to believe
            return ()

    def keys(self, file: Path | None) -> str:
        published = file.read_text("utf-8") if file else self.get("/.well-known/jwks.json")
        if published is None:
            raise NoKeys(f"the keys of {self.url} could not be read; name a saved key set with --keys")
        return published


def run_verify(
    evidence: str,
    *,
    issuer: str,
    keys: Path | None,
    log_key: Path | None,
    pdf_roots: Path | None,
    offline: bool,
    as_json: bool,
) -> int:
    """Print the verdict. Exit code 0: genuine (or a genuine test certificate), 1: anything else, 2: undecided."""
    trusted_at = _Issuer(issuer.rstrip("/"), online=not offline)
    try:
        read = _read(evidence, trusted_at.paper_roots(pdf_roots))
        trusted = TrustedIssuer(trusted_at.url, read_jwks(trusted_at.keys(keys)), trusted_at.log(log_key))
    except (UnreadableEvidence, UnusableKey, MalformedKey, NoKeys, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return EXIT_UNDECIDED
    verdict = verify(_completed(read, trusted_at), trusted, now=system_clock())
    sys.stdout.write(json.dumps(_as_dict(verdict), ensure_ascii=False, indent=2) if as_json else _as_text(verdict))
    sys.stdout.write("\n")
    match verdict.outcome:
        case Outcome.GENUINE | Outcome.TEST_CERTIFICATE:
            return EXIT_GENUINE
        case Outcome.UNDECIDED:
            return EXIT_UNDECIDED
        case _:
            return EXIT_NOT_GENUINE


def _read(evidence: str, paper_roots: tuple[x509.Certificate, ...]) -> Evidence:
    file = Path(evidence)
    return read_evidence(file.read_bytes() if file.is_file() else evidence.encode(), paper_roots=paper_roots)


def _completed(evidence: Evidence, issuer: _Issuer) -> Evidence:
    """Add what the issuer publishes about the certificate: its credential, its place in the status list and in the log.

    What a bundle brought along stands in where the issuer does not answer.
    """
    credential = evidence.credential
    if credential is None and evidence.number is not None:
        try:
            credential = issuer.get(_file_of(read_number(evidence.number), "jwt"))
        except (NotACertificateNumber, MistypedNumber):
            return evidence
    if credential is None:
        return evidence
    slot = _slot(credential, issuer.url)
    status_list = issuer.get(f"/status/{slot.list_number}") if slot else None
    number = _number(credential)
    log_proof = issuer.get(_file_of(number, "tlog-proof")) if number else None
    return replace(
        evidence,
        credential=credential,
        status_list=status_list or evidence.status_list,
        log_proof=log_proof or evidence.log_proof,
    )


def _file_of(number: str, form: str) -> str:
    return f"/v1/certificates/{number}.{form}"


def _number(credential: str) -> str | None:
    """The number a credential claims; only used to ask for more about it."""
    try:
        return read_number(str(read_compact(credential).claims().get("id", "")).rpartition("/")[2])
    except (MalformedToken, NotACertificateNumber, MistypedNumber):
        return None


def _slot(credential: str, issuer_url: str) -> StatusSlot | None:
    try:
        return slot_in(read_compact(credential).claims(), issuer_url)
    except (MalformedToken, ValueError):
        return None


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome.value,
        "number": verdict.number,
        "certified_g": verdict.statement.grams if verdict.statement else None,
        "replaced_by": verdict.replaced_by,
        "log": None
        if verdict.logged is None
        else {"position": verdict.logged.position, "size": verdict.logged.size, "at": verdict.logged.at.isoformat()},
        "checks": [
            {"check": check.name.value, "result": check.result.value, "reason": check.reason}
            for check in verdict.checks
        ],
    }


def _as_text(verdict: Verdict) -> str:
    signs = {CheckResult.PASSED: "passed  ", CheckResult.FAILED: "FAILED  ", CheckResult.NOT_MADE: "not made"}
    lines = [f"{verdict.number or 'no number'}: {SAID[verdict.outcome]}"]
    if verdict.statement:
        lines.append(f"  certified: {verdict.statement.grams:,} g CO2e")
        lines += [
            f"  cancelled: {cancellation.tonnes} t, {cancellation.registry_name_en}, notice "
            f"{cancellation.notice_number}, recorded {cancellation.recorded_on}"
            for cancellation in verdict.statement.cancellations
        ]
    if verdict.logged:
        lines.append(f"  logged: entry {verdict.logged.position} of {verdict.logged.size}, {verdict.logged.at}")
    lines += [
        f"  {signs[check.result]}  {check.name.value}" + (f"  ({check.reason})" if check.reason else "")
        for check in verdict.checks
    ]
    return "\n".join(lines)
