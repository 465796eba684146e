"""Checks a PDF's own signature (PAdES), which pdf_signing.py makes.

It is a convenience beside the credential inside the PDF. What a certificate is worth rests on the credential, and reader
programs call a private authority like the sandbox one an unknown signer.
"""

import contextlib
import hashlib
import io
import logging
import re
import zlib
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
)
from pyhanko_certvalidator import ValidationContext

from certificates.pdf_message import form_of
from certificates.pdf_signature_result import PdfSignatureOutcome, PdfSignatureResult

MAX_PDF_BYTES: Final = 5_000_000
MAX_INFLATED_BYTES: Final = 40_000_000
# It logs a traceback for every file that somebody else has signed; the result says so in one word.
logging.getLogger("pyhanko.sign.validation").setLevel(logging.CRITICAL)


def check_pdf_signature(pdf: bytes, trusted: tuple[x509.Certificate, ...]) -> PdfSignatureResult:
    """Whether the one signature in a PDF covers all of it, holds, and leads to a trusted root. Never raises.

    The library answers some malformed input with exceptions of every kind, AssertionError included; each means invalid.
    Must not run inside an event loop (call it with asyncio.to_thread).
    """
    if len(pdf) > MAX_PDF_BYTES or _inflates_too_far(pdf):
        return PdfSignatureResult(PdfSignatureOutcome.INVALID, reason="too_large")
    try:
        return _checked(pdf, trusted)
    except Exception:  # whatever stops the check, the answer is invalid, and it says so
        return PdfSignatureResult(PdfSignatureOutcome.INVALID, reason="unreadable")


# What only a signature says. A file with it in which none is found was signed, and has been damaged.
_TRACES: Final = (b"/ByteRange", b"/SubFilter")
_STREAM: Final = re.compile(rb"stream\r?\n")
_FILTER_LIST: Final = re.compile(rb"/Filter\s*\[")


def _inflates_too_far(pdf: bytes) -> bool:
    """Whether the streams of a file would fill the memory, found without ever holding more than the limit.

    A list of filters, which no certificate has, could hide one compression in another and counts as too far.
    """
    room = MAX_INFLATED_BYTES
    for start in (match.end() for match in _STREAM.finditer(pdf)):
        with contextlib.suppress(zlib.error):  # not compressed: it is as long as it looks
            room -= len(zlib.decompressobj().decompress(memoryview(pdf)[start:], room + 1))
        if room < 0:
            return True
    return _FILTER_LIST.search(pdf) is not None


def _checked(pdf: bytes, trusted: tuple[x509.Certificate, ...]) -> PdfSignatureResult:
    match PdfFileReader(io.BytesIO(pdf)).embedded_signatures:
        case [] if any(trace in pdf for trace in _TRACES):
            return PdfSignatureResult(PdfSignatureOutcome.INVALID, reason="unreadable")
        case []:
            return PdfSignatureResult(PdfSignatureOutcome.UNSIGNED, reason="no_signature")
        case [signature]:
            return _judged(pdf, signature, trusted)
        case _:
            return PdfSignatureResult(PdfSignatureOutcome.INVALID, reason="several_signatures")


def _judged(pdf: bytes, signature: EmbeddedPdfSignature, trusted: tuple[x509.Certificate, ...]) -> PdfSignatureResult:
    context = ValidationContext(trust_roots=_library_certificates(trusted), allow_fetching=False)
    status = validate_pdf_signature(signature, signer_validation_context=context)
    signed_by = status.signing_cert.subject.native.get("common_name")
    if not (status.intact and status.valid):
        return PdfSignatureResult(PdfSignatureOutcome.INVALID, signed_by, "content_changed")
    if (
        status.coverage is not SignatureCoverageLevel.ENTIRE_FILE
        or status.modification_level is not ModificationLevel.NONE
    ):
        return PdfSignatureResult(PdfSignatureOutcome.INVALID, signed_by, "changed_after_signing")
    if not status.trusted:
        return PdfSignatureResult(PdfSignatureOutcome.UNTRUSTED, signed_by, "signer_not_trusted")
    if _message_as_written(pdf, signature, status):
        return PdfSignatureResult(PdfSignatureOutcome.VALID, signed_by)
    return PdfSignatureResult(PdfSignatureOutcome.INVALID, signed_by, "signature_in_another_form")


def _message_as_written(pdf: bytes, signature: EmbeddedPdfSignature, status: PdfSignatureStatus) -> bool:
    """Whether the one place in a file that its signature does not cover, its own, holds nothing but the message as we write it.

    Small letters or blanks would spell the same message, and the library passes over much of what the message says.
    """
    _, start, end, _ = (int(number) for number in signature.byte_range)
    path = [] if status.validation_path is None else list(status.validation_path.iter_certs(include_root=True))
    chain = tuple(x509.load_der_x509_certificate(certificate.dump()) for certificate in reversed(path))
    digest = hashlib.sha256(pdf[:start] + pdf[end:]).digest()
    message = form_of(chain).filled(digest, signature.signer_info["signature"].native)
    return pdf[start:end] == b"<" + message.hex().upper().encode() + b">"


def _library_certificates(certificates: tuple[x509.Certificate, ...]) -> list[Any]:
    encoded = (certificate.public_bytes(serialization.Encoding.DER) for certificate in certificates)
    return [certificate for one in encoded for certificate in load_certs_from_pemder_data(one)]
