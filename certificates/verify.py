"""The verifier: evidence about a certificate in, a verdict with every single check out.

No web, no database, no clock and no key but those handed in. Three rules hold throughout:

1. A check that could not be made is `not_made`, with the reason; it never counts as passed.
2. Keys come from the trusted issuer only, never from the evidence.
3. The verdict follows from the checks alone (certificates/verdict.py), so a reader can redo it from the list.

docs/verification.md explains each check and reason to people who write their own verifier.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from certificates.bundle_check import BundleFiles
from certificates.compact_proof import CompactProof, MalformedProof, read_proof
from certificates.credential import (
    CERTIFICATE_TYPE,
    TEST_TYPE,
    StatusSlot,
    certificate_url,
    rfc3339,
    slot_in,
    statement_in,
    status_list_url,
)
from certificates.jose import MalformedToken, Token, read_compact
from certificates.keys import PublicKey
from certificates.log.checkpoint import ForeignLog, LogTrust, MalformedCheckpoint, TooFewWitnesses
from certificates.log.leaves import Issued, MalformedLeaf, decode_leaf, hash_of_credential
from certificates.log.merkle import ProofNotValid
from certificates.log.notes import MalformedNote, NoteNotSigned
from certificates.log.proof import MalformedLogProof, read_log_proof
from certificates.number import MistypedNumber, NotACertificateNumber, environment_of, read_number
from certificates.pdf_signature_result import PdfSignatureOutcome, PdfSignatureResult
from certificates.statement import Disclosures, Environment, PoolShare, Statement
from certificates.status_list import StatusList, UnusableStatusList, is_set
from certificates.verdict import (
    REVOKED,
    Check,
    CheckName,
    Logged,
    Outcome,
    Verdict,
    failed,
    not_made,
    outcome_of,
    passed,
)

# A verifier's clock may be wrong by this much before "issued in the future" is held against a certificate.
CLOCK_TOLERANCE = timedelta(days=1)

_LOG_REFUSALS = (
    ForeignLog,
    MalformedCheckpoint,
    MalformedLeaf,
    MalformedLogProof,
    MalformedNote,
    NoteNotSigned,
    ProofNotValid,
    TooFewWitnesses,
)


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Whose certificates are believed: the address (no trailing slash), the published keys, and the public log."""

    url: str
    keys: tuple[PublicKey, ...]
    log: LogTrust | None = None

    def key(self, kid: str) -> PublicKey | None:
        return next((key for key in self.keys if key.kid == kid), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whatever is at hand; every part may be missing.

    `number` is as typed or as it stands in the URL, `proof` the URL's fragment, `statement` a separate copy to compare,
    `log_proof` the text of a .tlog-proof file, `replacement` the credential of the certificate that replaced this one,
    `pools` the credentials of the pool certificates that it has grams of. `files` and `paper` are what was found when an
    exit bundle or a PDF was opened (certificates/evidence.py): how its files fit each other, and the PDF's own signature.
    """

    number: str | None = None
    credential: str | None = None
    proof: str | None = None
    statement: Statement | None = None
    disclosures: Disclosures = field(default_factory=dict)
    log_proof: str | None = None
    status_list: str | None = None
    replacement: str | None = None
    pools: tuple[str, ...] = ()
    files: BundleFiles | None = None
    paper: PdfSignatureResult | None = None


def verify(evidence: Evidence, issuer: TrustedIssuer, *, now: datetime) -> Verdict:
    """Judge `evidence` against `issuer`. Never raises for bad evidence, however broken."""
    return _Examination(evidence, issuer, now).verdict()


def check_status_list(token: str | None, slot: StatusSlot, issuer: TrustedIssuer, now: datetime) -> Check:
    """Passed if an authentic, current list leaves `slot` unset, failed ("revoked") if it is set.

    An old, foreign or altered list says nothing about the certificate, so the check is then not made.
    """
    if token is None:
        return not_made(CheckName.STATUS, "no_status_list")
    try:
        parsed = read_compact(token)
        # whoever stole a key can date a list as they like, so no list of a revoked key says anything
        reason = _why_not_authentic(parsed, issuer) or ("of_revoked_key" if _is_revoked(parsed, issuer) else None)
        if reason:
            return not_made(CheckName.STATUS, f"status_list_{reason}")
        status_list = StatusList.from_claims(parsed.claims())
        revoked = is_set(status_list.bits, slot.index)
    except (MalformedToken, UnusableStatusList) as problem:
        return not_made(CheckName.STATUS, f"status_list_{problem.reason}")
    if status_list.url != status_list_url(issuer.url, slot.list_number):
        return not_made(CheckName.STATUS, "status_list_of_other_certificates")
    if not status_list.valid_from - CLOCK_TOLERANCE <= now < status_list.valid_until:
        return not_made(CheckName.STATUS, "status_list_out_of_date")
    return failed(CheckName.STATUS, REVOKED) if revoked else passed(CheckName.STATUS)


class _Examination:
    """Makes the checks in order; later ones may use what earlier ones established."""

    def __init__(self, evidence: Evidence, issuer: TrustedIssuer, now: datetime) -> None:
        self.evidence, self.issuer, self.now = evidence, issuer, now
        self.checks: list[Check] = []
        self.number: str | None = None
        self.environment: Environment | None = None
        self.token: Token | None = None
        self.claimed: Statement | None = None
        self.statement: Statement | None = None
        self.attested: CompactProof | None = None
        self.logged: Logged | None = None
        self.replaced_by: str | None = None
        self.signing_key: PublicKey | None = None

    def verdict(self) -> Verdict:
        self._files()
        self._paper()
        self._number()
        self._credential()
        self._proof()
        self._log()
        self._key()
        self._content()
        self._disclosures()
        self._pool()
        self._status()
        self.replaced_by = self._replacement()
        outcome = outcome_of(self.checks, self.environment, replaced=self.replaced_by is not None)
        trusted = outcome not in {Outcome.NOT_OURS, Outcome.ALTERED, Outcome.UNDECIDED}
        return Verdict(
            outcome=outcome,
            checks=tuple(self.checks),
            number=self.number,
            environment=self.environment,
            statement=self.statement if trusted else None,
            attested=self.attested if trusted else None,
            logged=self.logged if trusted else None,
            replaced_by=self.replaced_by,
        )

    def _files(self) -> None:
        """An exit bundle carries the sums of its files; what it carries twice must be the same."""
        found = self.evidence.files
        if found is BundleFiles.WHOLE:
            self.checks.append(passed(CheckName.FILES))
        elif found is not None:
            self.checks.append(failed(CheckName.FILES, found.value))

    def _paper(self) -> None:
        """The PDF's own signature. Without one the paper may say anything: only the credential in it is checked then."""
        if self.evidence.paper is None:
            return
        match self.evidence.paper.outcome:
            case PdfSignatureOutcome.VALID:
                self.checks.append(passed(CheckName.PAPER))
            case PdfSignatureOutcome.UNSIGNED:
                self.checks.append(not_made(CheckName.PAPER, "paper_not_signed"))
            case PdfSignatureOutcome.UNTRUSTED:
                self.checks.append(not_made(CheckName.PAPER, "paper_signer_unknown"))
            case PdfSignatureOutcome.INVALID:
                self.checks.append(failed(CheckName.PAPER, "paper_changed"))

    def _number(self) -> None:
        """The number's own check symbols; without a typed number, those of the number in the credential."""
        typed = self.evidence.number
        if typed is None:
            typed = _number_claimed(self.evidence.credential)
        if typed is None:
            self.checks.append(not_made(CheckName.NUMBER, "no_number"))
            return
        try:
            self.number = read_number(typed)
            self.environment = environment_of(self.number)
        except (NotACertificateNumber, MistypedNumber) as problem:
            self.checks.append(failed(CheckName.NUMBER, problem.code))
            return
        self.checks.append(passed(CheckName.NUMBER))

    def _credential(self) -> None:
        if self.evidence.credential is None:
            self.checks.append(not_made(CheckName.CREDENTIAL, "no_credential"))
            return
        try:
            token = read_compact(self.evidence.credential)
        except MalformedToken as problem:
            self.checks.append(failed(CheckName.CREDENTIAL, problem.reason))
            return
        reason = _why_not_authentic(token, self.issuer)
        if reason:
            self.checks.append(failed(CheckName.CREDENTIAL, reason))
            return
        try:
            self.statement = _consistent_statement(token, self.issuer)
        except ValueError:
            self.checks.append(failed(CheckName.CREDENTIAL, "not_a_certificate"))
            return
        self.token, self.signing_key = token, self.issuer.key(token.kid)
        self.checks.append(passed(CheckName.CREDENTIAL))

    def _proof(self) -> None:
        if self.evidence.proof is None:
            self.checks.append(not_made(CheckName.PROOF, "no_proof"))
            return
        if self.number is None:
            self.checks.append(not_made(CheckName.PROOF, "no_number"))
            return
        try:
            proof = read_proof(self.number, self.evidence.proof)
        except MalformedProof as problem:
            self.checks.append(failed(CheckName.PROOF, problem.reason))
            return
        candidates = [key for key in self.issuer.keys if proof.may_be_of(key)]
        signing_key = next((key for key in candidates if proof.is_signed_by(key)), None)
        if signing_key is None:
            reason = "signature_does_not_match" if candidates else "unknown_key"
            self.checks.append(failed(CheckName.PROOF, reason))
            return
        self.attested = proof
        self.signing_key = self.signing_key or signing_key
        self.checks.append(passed(CheckName.PROOF))

    def _log(self) -> None:
        """Whether the public log holds this very certificate. A proof that proves nothing is as good as none."""
        text, trust = self.evidence.log_proof, self.issuer.log
        if self.signing_key is None:
            self.checks.append(not_made(CheckName.LOG, "nothing_signed"))
            return
        if text is None or trust is None:
            self.checks.append(not_made(CheckName.LOG, "no_log_proof" if text is None else "no_log_key"))
            return
        try:
            proof = read_log_proof(text)
            checkpoint = proof.check(trust)
            leaf = decode_leaf(proof.leaf)
        except _LOG_REFUSALS as problem:
            self.checks.append(not_made(CheckName.LOG, problem.code))
            return
        if not isinstance(leaf, Issued) or not self._is_logged_as(leaf):
            self.checks.append(failed(CheckName.LOG, "log_entry_differs"))
            return
        self.logged = Logged(proof.index, checkpoint.size, leaf.at)
        self.checks.append(passed(CheckName.LOG))

    def _is_logged_as(self, leaf: Issued) -> bool:
        if leaf.number != self.number:
            return False
        if self.statement and leaf.statement_sha256 != self.statement.sha256():
            return False
        if self.token and leaf.credential_sha256 != hash_of_credential(self.token.text):
            return False
        return self.attested is None or bytes.fromhex(leaf.statement_sha256).startswith(self.attested.statement_hash)

    def _key(self) -> None:
        """Whether the key that signed was entitled to: of this environment, not retired, not revoked at the time."""
        key, signed_at = self.signing_key, self._signed_at()
        if key is None or signed_at is None or self.environment is None:
            self.checks.append(not_made(CheckName.KEY, "nothing_signed"))
            return
        if signed_at > self.now + CLOCK_TOLERANCE:
            self.checks.append(failed(CheckName.KEY, "issued_in_future"))
            return
        self.checks.append(_judge_key(key, signed_at, self.environment, self.logged))

    def _signed_at(self) -> datetime | None:
        if self.statement:
            return self.statement.issued_at
        if self.attested:
            return self.attested.issued_at_earliest
        return None

    def _content(self) -> None:
        """Number, credential, proof and any separate copy of the statement must speak of the same certificate."""
        copies = [copy for copy in (self.statement, self.evidence.statement) if copy is not None]
        if self.signing_key is None:
            self.checks.append(not_made(CheckName.CONTENT, "nothing_signed"))
        elif any(copy.number != self.number for copy in copies):
            self.checks.append(failed(CheckName.CONTENT, "number_differs"))
        elif self.statement and self.evidence.statement and self.statement != self.evidence.statement:
            self.checks.append(failed(CheckName.CONTENT, "statement_differs"))
        elif self.attested and copies and not self.attested.agrees_with(copies[0]):
            self.checks.append(failed(CheckName.CONTENT, "proof_differs"))
        elif not copies:
            self.checks.append(not_made(CheckName.CONTENT, "no_statement"))
        else:
            self.statement = copies[0]
            self.checks.append(passed(CheckName.CONTENT))

    def _disclosures(self) -> None:
        """Each name or text shown must open its commitment; erased ones are simply not shown."""
        shown = self.evidence.disclosures
        if not shown:
            self.checks.append(not_made(CheckName.DISCLOSURES, "nothing_disclosed"))
        elif self.statement is None:
            self.checks.append(not_made(CheckName.DISCLOSURES, "no_statement"))
        elif all(self.statement.commitments.get(name) == text.commitment(name) for name, text in shown.items()):
            self.checks.append(passed(CheckName.DISCLOSURES))
        else:
            self.checks.append(failed(CheckName.DISCLOSURES, "text_differs"))

    def _pool(self) -> None:
        """Grams of a pool: each pool certificate at hand must be ours, the very one named, and large enough."""
        if self.statement is None or self.statement.from_pool is None:
            return
        try:
            pools = [self._authentic(credential) for credential in self.evidence.pools]
        except ValueError:
            self.checks.append(not_made(CheckName.POOL, "pool_unreadable"))
            return
        by_hash = {pool.sha256(): pool for pool in pools}
        parents = [by_hash.get(share.statement_sha256) for share in self.statement.from_pool]
        if any(parent is None for parent in parents):
            self.checks.append(not_made(CheckName.POOL, "no_pool_certificate"))
        elif all(
            parent is not None and _is_handed_on_by(share, self.statement, parent)
            for share, parent in zip(self.statement.from_pool, parents, strict=True)
        ):
            self.checks.append(passed(CheckName.POOL))
        else:
            self.checks.append(failed(CheckName.POOL, "pool_differs"))

    def _authentic(self, credential: str) -> Statement:
        """The statement of a credential that the issuer signed. Raises ValueError for any other."""
        token = read_compact(credential)
        reason = _why_not_authentic(token, self.issuer)
        if reason:
            raise ValueError(reason)
        return _consistent_statement(token, self.issuer)

    def _status(self) -> None:
        if self.token is None:
            self.checks.append(not_made(CheckName.STATUS, "no_credential"))
            return
        slot = slot_in(self.token.claims(), self.issuer.url)
        self.checks.append(check_status_list(self.evidence.status_list, slot, self.issuer, self.now))

    def _replacement(self) -> str | None:
        """The number of the certificate that replaced this one, if its credential is at hand and names this one."""
        if self.evidence.replacement is None:
            return None
        try:
            if _is_revoked(read_compact(self.evidence.replacement), self.issuer):
                return None
            successor = self._authentic(self.evidence.replacement)
        except ValueError:
            return None
        return successor.number if successor.replaces == self.number else None


def _is_handed_on_by(share: PoolShare, part: Statement, pool: Statement) -> bool:
    """Number, environment and cancellations of the pool are those its part states, and it has that many grams."""
    behind = {cancellation.our_reference: cancellation for cancellation in part.cancellations}
    return (
        pool.pool is True
        and share.parent == pool.number
        and share.grams <= pool.grams
        and part.environment is pool.environment
        and all(behind.get(one.our_reference) == one for one in pool.cancellations)
    )


def _why_not_authentic(token: Token, issuer: TrustedIssuer) -> str | None:
    """None if the issuer signed the token, else the reason code. Nothing is read from a payload that nobody signed."""
    key = issuer.key(token.kid)
    if key is None:
        return "unknown_key"
    if not token.is_signed_by(key):
        return "signature_does_not_match"
    claims = token.claims()
    if claims.get("iss") != issuer.url or claims.get("issuer") != issuer.url:
        return "foreign_issuer"
    return None


def _is_revoked(token: Token, issuer: TrustedIssuer) -> bool:
    key = issuer.key(token.kid)
    return key is not None and key.revoked_at is not None


def _consistent_statement(token: Token, issuer: TrustedIssuer) -> Statement:
    """The statement of a signed certificate. Raises ValueError for another kind of credential of the same issuer."""
    claims = token.claims()
    statement = statement_in(claims)
    types = claims.get("type")
    is_test = statement.environment is Environment.SANDBOX
    if not isinstance(types, list) or CERTIFICATE_TYPE not in types or (TEST_TYPE in types) is not is_test:
        raise ValueError("not a cancellation certificate")
    if claims.get("id") != certificate_url(issuer.url, statement.number):
        raise ValueError("the credential's id is not its statement's number")
    if claims.get("validFrom") != rfc3339(statement.issued_at):
        raise ValueError("the credential's date is not its statement's")
    slot_in(claims, issuer.url)
    return statement


def _judge_key(key: PublicKey, signed_at: datetime, environment: Environment, logged: Logged | None) -> Check:
    if key.environment is not environment:
        return failed(CheckName.KEY, "key_of_other_environment")
    if key.retired_at and signed_at > key.retired_at:
        return failed(CheckName.KEY, "signed_after_key_retired")
    if key.revoked_at is None:
        return passed(CheckName.KEY)
    # Whoever stole a key can date a signature as they like, but not put it into the log, which has a key of its own.
    if signed_at >= key.revoked_at:
        return failed(CheckName.KEY, "signed_after_key_revoked")
    if logged is not None and logged.at < key.revoked_at:
        return passed(CheckName.KEY)
    return not_made(CheckName.KEY, "key_revoked_and_no_older_log_entry")


def _number_claimed(credential: str | None) -> str | None:
    """The number in a credential that nobody has checked yet; only to be compared and spell-checked."""
    if credential is None:
        return None
    try:
        return statement_in(read_compact(credential).claims()).number
    except ValueError:
        return None
