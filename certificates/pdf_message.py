"""The CMS message inside a PDF's own signature, in the one form in which all of ours are written.

The library takes some thirty milliseconds to put one together, and all that differs between two certificates is the document's
hash and the signature; so it is made once with blanks. The check fills the same form and compares: most of what a
message says beside these two is covered by no signature, and would otherwise be anybody's to change.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.sign import ExternalSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

# Two numbers that need all their bytes are the longest form of a P-256 signature.
SIGNATURE_BYTES: Final = 72
_BLANK_SIGNATURE: Final = bytes(SIGNATURE_BYTES)
_BLANK_HASH: Final = b"\xff" * 32


@dataclass(frozen=True, slots=True)
class MessageForm:
    """With blanks as long as the real values. PAdES keeps the signing time in the PDF's dictionary, not in here."""

    blank: bytes
    blank_attributes: bytes

    def attributes(self, digest: bytes) -> bytes:
        """What is signed, for the SHA-256 of the document."""
        return self.blank_attributes.replace(_BLANK_HASH, digest)

    def filled(self, digest: bytes, signature: bytes) -> bytes:
        """The message, whose signature must have SIGNATURE_BYTES: another length would change lengths all over it."""
        return self.blank.replace(_BLANK_HASH, digest).replace(_BLANK_SIGNATURE, signature)


@lru_cache(maxsize=8)
def form_of(chain: tuple[x509.Certificate, ...]) -> MessageForm:
    """The form for the signer whose certificate the chain starts with; a self-signed root is left out, since whoever trusts it
    has it. Must not run inside an event loop."""
    own, *above = (certificate for certificate in chain if certificate is chain[0] or not _self_signed(certificate))
    known = SimpleCertificateStore()  # type: ignore[no-untyped-call] # the library leaves this one without types
    known.register_multiple([_library_certificate(one) for one in above])
    signer = ExternalSigner(_library_certificate(own), known, signature_value=_BLANK_SIGNATURE)
    signing = signer.async_sign(_BLANK_HASH, "sha256", use_pades=True, signed_attr_settings=PdfCMSSignedAttributes())
    message = asyncio.run(signing)
    attributes = message["content"]["signer_infos"][0]["signed_attrs"].untag().dump()
    return MessageForm(message.dump(), attributes)


def _self_signed(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _library_certificate(certificate: x509.Certificate) -> Any:
    (read,) = load_certs_from_pemder_data(certificate.public_bytes(serialization.Encoding.DER))
    return read
