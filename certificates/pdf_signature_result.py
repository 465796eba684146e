"""What the check of a PDF's own signature can find; apart from the check, which needs a library that takes long to load."""

from dataclasses import dataclass
from enum import StrEnum


class PdfSignatureOutcome(StrEnum):
    """`unsigned` has no signature; `invalid` has one that does not hold, or cannot be read; `untrusted` holds, and its
    chain does not end in a trusted certificate; `valid` holds for every byte of the file and is trusted."""

    UNSIGNED = "unsigned"
    INVALID = "invalid"
    UNTRUSTED = "untrusted"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class PdfSignatureResult:
    """`signed_by` is the signer certificate's common name and `reason` a stable code with every outcome but valid."""

    outcome: PdfSignatureOutcome
    signed_by: str | None = None
    reason: str | None = None
