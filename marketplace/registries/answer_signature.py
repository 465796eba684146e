"""Signed answers: a compact JWS beside every answer says which request it answers, with which status and which bytes.

The request id is chosen anew by the client for each request, so an old answer, or the answer to another question, never
passes for this one. The signature is asymmetric (ES256), so a notice proves its origin to third parties too. Why this and
not an HTTP message signature or a shared secret: docs/registry-protocol.md, "Signed answers".
"""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

ALGORITHM = "ES256"
TYPE = "registry-answer+jws"


class SignatureMissingOrWrong(Exception):
    """The answer cannot be shown to be this registry's answer to this very request."""

    code = "registry_signature_wrong"


class UnknownSigningKey(SignatureMissingOrWrong):
    """Signed with a key that is not in the known set; the registry may have rotated its keys."""

    code = "registry_signing_key_unknown"


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """The request an answer belongs to; `target` is path and query exactly as sent."""

    method: str
    target: str
    request_id: str


class _Claims(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    method: str
    target: str
    request_id: str
    status: int
    sha256: str


def sign_answer(key: ECKey, request: AnsweredRequest, *, status: int, body: bytes) -> str:
    claims = _Claims(**asdict(request), status=status, sha256=hashlib.sha256(body).hexdigest())
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
    return jws.serialize_compact(header, claims.model_dump_json().encode(), key)


def check_answer(keys: KeySet, signature: str, request: AnsweredRequest, *, status: int, body: bytes) -> None:
    """Raises: UnknownSigningKey, SignatureMissingOrWrong."""
    try:
        claimed_key = _header(signature).get("kid")
        if claimed_key not in {key.kid for key in keys.keys}:
            raise UnknownSigningKey(f"no key {claimed_key!r} among the registry's keys")
        verified = jws.deserialize_compact(signature, keys, algorithms=[ALGORITHM])
        claims = _Claims.model_validate_json(verified.payload)
    except (JoseError, ValidationError, ValueError) as error:
        raise SignatureMissingOrWrong(f"the answer's signature does not verify: {error}") from error
    stated = _Claims(**asdict(request), status=status, sha256=hashlib.sha256(body).hexdigest())
    if verified.headers().get("typ") != TYPE or claims != stated:
        raise SignatureMissingOrWrong("the signature belongs to another answer")


def _header(signature: str) -> dict[str, Any]:
    return jws.extract_compact(signature.encode()).headers()
