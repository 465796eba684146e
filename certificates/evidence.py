"""From what people hold in their hands to evidence for the verifier.

A PDF, an exit bundle, a credential file, a QR code's address, a typed number. Keys that lie in a bundle are never used.
"""

import json
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from pydantic import TypeAdapter
from pypdfium2 import PdfDocument, PdfiumError

from certificates.bundle import UnreadableBundle, disclosures_file, read_bundle_files
from certificates.bundle_check import check_files
from certificates.jose import read_compact
from certificates.pdf_signature_result import PdfSignatureResult
from certificates.statement import Disclosures, Statement
from certificates.verdict import Verdict
from certificates.verify import Evidence, TrustedIssuer, verify

MAX_FILE_BYTES = 10_000_000
CREDENTIAL_ATTACHMENT = "certificate.jwt"
DISCLOSURES_ATTACHMENT = "disclosures.json"
PAPER = "certificate.pdf"
_MAX_ATTACHMENTS = 20
_DISCLOSURES: TypeAdapter[Disclosures] = TypeAdapter(Disclosures)


class UnreadableEvidence(ValueError):
    """Nothing of a certificate could be found in what was handed in.

    `reason` is too_large, unreadable_pdf, no_credential_in_pdf, unreadable_bundle or not_a_certificate.
    """

    code = "unreadable_evidence"

    def __init__(self, reason: str) -> None:
        super().__init__(f"no certificate can be read here: {reason}")
        self.reason = reason


def read_evidence(data: bytes, *, paper_roots: tuple[Certificate, ...] = ()) -> Evidence:
    """Evidence from the bytes of a file or from what somebody typed or scanned. Raises UnreadableEvidence.

    `paper_roots` are the authorities that a PDF's own signature may lead to. A PDF is CPU work of a tenth of a second and
    more, and needs a library that loads for a second the first time: not inside an event loop (asyncio.to_thread).
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableEvidence("too_large")
    if data.startswith(b"%PDF-"):
        return Evidence(credential=_credential_in_pdf(data), paper=_signature_of(data, paper_roots))
    if data.startswith(b"PK\x03\x04"):
        return _evidence_in_bundle(data, paper_roots)
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError as problem:
        raise UnreadableEvidence("not_a_certificate") from problem
    if text.count(".") == 2 and text.startswith("eyJ"):
        return Evidence(credential=text)
    if "://" in text:
        return evidence_in_url(text)
    if not text or len(text) > 100:
        raise UnreadableEvidence("not_a_certificate")
    return Evidence(number=text)


def evidence_in_url(url: str) -> Evidence:
    """Number and proof from a scanned address, whatever its host. Raises UnreadableEvidence."""
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise UnreadableEvidence("not_a_certificate") from problem
    folder, _, number = parts.path.rstrip("/").rpartition("/")
    if not folder.endswith("/c") or not number:
        raise UnreadableEvidence("not_a_certificate")
    return Evidence(number=number, proof=parts.fragment or None)


def verify_file(
    data: bytes,
    issuer: TrustedIssuer,
    *,
    now: datetime,
    paper_roots: tuple[Certificate, ...] = (),
    status_list: str | None = None,
    log_proof: str | None = None,
    replacement: str | None = None,
) -> Verdict:
    """Verify a file or a text against an issuer's keys; what is not handed in stays unchecked and is reported so.

    Raises: UnreadableEvidence.
    """
    evidence = read_evidence(data, paper_roots=paper_roots)
    complete = replace(
        evidence,
        status_list=status_list or evidence.status_list,
        log_proof=log_proof or evidence.log_proof,
        replacement=replacement,
    )
    return verify(complete, issuer, now=now)


def disclosures_in_pdf(data: bytes) -> Disclosures:
    """The names attached to a certificate's PDF; not believed, only read. Raises UnreadableEvidence."""
    try:
        return _DISCLOSURES.validate_json(_attached(data, DISCLOSURES_ATTACHMENT))
    except ValueError as problem:
        raise UnreadableEvidence("unreadable_pdf") from problem


def _credential_in_pdf(data: bytes) -> str:
    return _attached(data, CREDENTIAL_ATTACHMENT)


def _attached(data: bytes, name: str) -> str:
    try:
        document = PdfDocument(data)
        try:
            for index in range(min(document.count_attachments(), _MAX_ATTACHMENTS)):
                attachment = document.get_attachment(index)
                if attachment.get_name() == name:
                    return bytes(attachment.get_data()).decode("utf-8").strip()
        finally:
            document.close()
    except (PdfiumError, UnicodeDecodeError) as problem:
        raise UnreadableEvidence("unreadable_pdf") from problem
    raise UnreadableEvidence("no_credential_in_pdf")


def _signature_of(pdf: bytes, roots: tuple[Certificate, ...]) -> PdfSignatureResult:
    from certificates.pdf_signature import check_pdf_signature  # noqa: PLC0415 - only who has a PDF waits for it

    return check_pdf_signature(pdf, roots)


def _evidence_in_bundle(data: bytes, paper_roots: tuple[Certificate, ...]) -> Evidence:
    try:
        unpacked = read_bundle_files(data)
        files = {name: content.decode("utf-8") for name, content in unpacked.items() if _is_text(name)}
        pools = [unpacked[name].decode("ascii") for name in sorted(unpacked) if _is_pool_credential(name)]
        located = evidence_in_url(files["proof-url.txt"])
        if located.proof is None:
            raise UnreadableBundle("the address carries no proof")
        credential = files["certificate.jwt"]
        statement = Statement.model_validate_json(files["statement.json"])
        if statement.canonical_json() != unpacked["statement.json"]:
            raise UnreadableBundle("the statement is not as it was hashed")
        disclosures = _DISCLOSURES.validate_python(json.loads(files["disclosures.json"]))
        if disclosures_file(disclosures) != unpacked["disclosures.json"]:
            raise UnreadableBundle("the names are not as they were written")
        paper = unpacked.get(PAPER)
        same_on_paper = paper is None or _credential_in_pdf(paper) == credential
        return replace(
            located,
            credential=credential,
            statement=statement,
            files=check_files(
                unpacked,
                statement,
                same_on_paper=same_on_paper,
                same_address=files["proof-url.txt"].partition("#")[0] == _address_in(credential),
            ),
            paper=None if paper is None else _signature_of(paper, paper_roots),
            disclosures=disclosures,
            status_list=files.get("status-list.jwt"),
            log_proof=files.get("certificate.tlog-proof"),
            pools=tuple(pools),
        )
    except (UnreadableBundle, UnreadableEvidence, KeyError, ValueError, RecursionError) as problem:
        raise UnreadableEvidence("unreadable_bundle") from problem


def _address_in(credential: str) -> object:
    """The certificate's address as a credential claims it; not believed, only compared."""
    return read_compact(credential).claims().get("id")


def _is_text(name: str) -> bool:
    return name.endswith((".txt", ".jwt", ".json", ".tlog-proof")) and "/" not in name


def _is_pool_credential(name: str) -> bool:
    return name.startswith("pools/") and name.endswith(".jwt")
