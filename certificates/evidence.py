"""From what people hold in their hands to evidence for the verifier: a PDF, a credential file, a QR's URL, a number."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from pypdfium2 import PdfDocument, PdfiumError

from certificates.verdict import Verdict
from certificates.verify import Evidence, TrustedIssuer, verify

MAX_FILE_BYTES = 10_000_000
CREDENTIAL_ATTACHMENT = "certificate.jwt"
_MAX_ATTACHMENTS = 20


class UnreadableEvidence(ValueError):
    """Nothing of a certificate could be found in what was handed in.

    `reason` is too_large, unreadable_pdf, no_credential_in_pdf or not_a_certificate.
    """

    code = "unreadable_evidence"

    def __init__(self, reason: str) -> None:
        super().__init__(f"no certificate can be read here: {reason}")
        self.reason = reason


def read_evidence(data: bytes) -> Evidence:
    """Evidence from the bytes of a file or from what somebody typed or scanned. Raises UnreadableEvidence."""
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableEvidence("too_large")
    if data.startswith(b"%PDF-"):
        return Evidence(credential=_credential_in_pdf(data))
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
    status_list: str | None = None,
    log_proof: str | None = None,
    replacement: str | None = None,
) -> Verdict:
    """Verify a file or a text against an issuer's keys; what is not handed in stays unchecked and is reported so.

    Raises: UnreadableEvidence.
    """
    evidence = read_evidence(data)
    return verify(
        replace(evidence, status_list=status_list, log_proof=log_proof, replacement=replacement), issuer, now=now
    )


def _credential_in_pdf(data: bytes) -> str:
    try:
        document = PdfDocument(data)
        try:
            for index in range(min(document.count_attachments(), _MAX_ATTACHMENTS)):
                attachment = document.get_attachment(index)
                if attachment.get_name() == CREDENTIAL_ATTACHMENT:
                    return bytes(attachment.get_data()).decode("ascii").strip()
        finally:
            document.close()
    except (PdfiumError, UnicodeDecodeError) as problem:
        raise UnreadableEvidence("unreadable_pdf") from problem
    raise UnreadableEvidence("no_credential_in_pdf")
