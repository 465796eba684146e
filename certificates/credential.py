"""The certificate as a W3C Verifiable Credential (data model 2.0), secured as `vc+jwt`.

Everything in it comes from the statement; the statement itself is carried whole, as one JSON literal, so that the
credential needs no second vocabulary that could drift from it. Sources: VC Data Model 2.0; Securing Verifiable
Credentials using JOSE and COSE (section "Securing JSON-LD Verifiable Credentials with JOSE"); Bitstring Status List 1.0.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from certificates.jose import sign_compact
from certificates.keys import KeyOfOtherEnvironment, KeyRing
from certificates.statement import Environment, Statement

VC_CONTEXT = "https://www.w3.org/ns/credentials/v2"
CONTEXT_NAME = "cancellation-v1.jsonld"
# A published context never changes; another vocabulary gets another file name.
CONTEXT_SHA256 = "5098b6cabdacc3ea316ff1c42d22c8c4a80d6b5bdf565011f905124f33c454fa"

CERTIFICATE_TYPE = "CreditCancellationCertificate"
TEST_TYPE = "TestCertificate"
STATUS_ENTRY_TYPE = "BitstringStatusListEntry"
REVOCATION = "revocation"

_TITLES = {
    Environment.LIVE: {
        "ja": "カーボン・クレジット無効化証明書",
        "en": "Certificate of carbon credit cancellation",
    },
    Environment.SANDBOX: {
        "ja": "テスト証明書 — 実際の無効化ではありません",
        "en": "TEST CERTIFICATE — nothing was cancelled",
    },
}


@dataclass(frozen=True, slots=True)
class StatusSlot:
    """One bit of one status list, both counted from zero (lists from one)."""

    list_number: int
    index: int


def context_document() -> bytes:
    """What the service serves at /contexts/cancellation-v1.jsonld."""
    return (Path(__file__).parent / "contexts" / CONTEXT_NAME).read_bytes()


def certificate_url(issuer_url: str, number: str) -> str:
    return f"{issuer_url}/c/{number}"


def status_list_url(issuer_url: str, list_number: int) -> str:
    return f"{issuer_url}/status/{list_number}"


def credential_claims(statement: Statement, *, issuer_url: str, slot: StatusSlot) -> dict[str, Any]:
    """The unsigned credential. `issuer_url` has no trailing slash."""
    list_url = status_list_url(issuer_url, slot.list_number)
    context_url = f"{issuer_url}/contexts/{CONTEXT_NAME}"
    is_test = statement.environment is Environment.SANDBOX
    return {
        "@context": [VC_CONTEXT, context_url],
        "id": certificate_url(issuer_url, statement.number),
        "type": ["VerifiableCredential", CERTIFICATE_TYPE, *([TEST_TYPE] if is_test else [])],
        "name": _in_languages(statement.environment, statement.number),
        "iss": issuer_url,
        "issuer": issuer_url,
        "iat": int(statement.issued_at.timestamp()),
        "validFrom": rfc3339(statement.issued_at),
        "credentialSubject": {
            "type": "CreditCancellation",
            "statement": statement.model_dump(mode="json"),
        },
        "credentialStatus": {
            "id": f"{list_url}#{slot.index}",
            "type": STATUS_ENTRY_TYPE,
            "statusPurpose": REVOCATION,
            "statusListIndex": str(slot.index),
            "statusListCredential": list_url,
        },
        "relatedResource": [{"id": context_url, "mediaType": "application/ld+json", "digestSRI": _context_digest()}],
    }


def sign_credential(statement: Statement, *, ring: KeyRing, issuer_url: str, slot: StatusSlot) -> str:
    """The signed credential. Raises KeyOfOtherEnvironment if the ring is not the statement's."""
    if ring.environment is not statement.environment:
        raise KeyOfOtherEnvironment(ring.environment, statement.environment)
    return sign_compact(credential_claims(statement, issuer_url=issuer_url, slot=slot), ring.active)


def statement_in(claims: Mapping[str, Any]) -> Statement:
    """The statement a credential carries. Raises ValueError if there is none or it breaks a rule of its own."""
    try:
        return Statement.model_validate(claims["credentialSubject"]["statement"])
    except (KeyError, TypeError) as problem:
        raise ValueError("the credential carries no statement") from problem


def slot_in(claims: Mapping[str, Any], issuer_url: str) -> StatusSlot:
    """The status slot a credential of this issuer names. Raises ValueError for any other form."""
    try:
        status = claims["credentialStatus"]
        list_url, index = status["statusListCredential"], status["statusListIndex"]
        own_lists, _, list_number = list_url.rpartition("/")
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError("the credential names no status list entry") from problem
    if own_lists != f"{issuer_url}/status":
        raise ValueError("the credential names the status list of someone else")
    return StatusSlot(int(list_number), int(index))


def rfc3339(moment: datetime) -> str:
    """UTC with a trailing Z, whole seconds unless there is a fraction."""
    return moment.isoformat().replace("+00:00", "Z")


def _in_languages(environment: Environment, number: str) -> list[dict[str, str]]:
    return [{"@value": f"{title} {number}", "@language": language} for language, title in _TITLES[environment].items()]


def _context_digest() -> str:
    """A subresource-integrity string, as the data model asks for in `digestSRI`."""
    return "sha256-" + b64encode(bytes.fromhex(CONTEXT_SHA256)).decode("ascii")
