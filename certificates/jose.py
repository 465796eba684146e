"""Compact JSON Web Signatures as this service writes and reads them: ES256, `typ` vc+jwt, key by `kid`, nothing else.

Reading is strict where the general rules leave room: exactly the four header members we write, canonical base64url, no
duplicate JSON names. So no bit of a token can change without being noticed, and no key ever comes from the token.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from certificates.keys import PublicKey, Signer

ALGORITHM = "ES256"
TYPE = "vc+jwt"
CONTENT_TYPE = "vc"
MAX_TOKEN_CHARACTERS = 500_000


class MalformedToken(ValueError):
    """Not a token of the form this service writes; `reason` says which rule it breaks."""

    code = "malformed_token"

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a credential of this service: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Token:
    """A token taken apart; nothing in it is to be believed before `is_signed_by` has said yes."""

    text: str
    kid: str
    payload: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """Raises MalformedToken (not_json)."""
        return self._claims

    @cached_property
    def _claims(self) -> dict[str, Any]:
        return _read_object(self.payload, "not_json")

    def is_signed_by(self, key: PublicKey) -> bool:
        signing_input = self.text.rpartition(".")[0]
        return key.verifies(signing_input.encode("ascii"), self.signature)


def sign_compact(claims: Mapping[str, Any], signer: Signer) -> str:
    """`claims` as a signed credential."""
    header = {"alg": ALGORITHM, "typ": TYPE, "cty": CONTENT_TYPE, "kid": signer.key.kid}
    signing_input = f"{_encode_json(header)}.{_encode_json(claims)}"
    return f"{signing_input}.{to_base64url(signer.sign(signing_input.encode('ascii')))}"


def read_compact(text: str) -> Token:
    """Take a token apart without trusting it.

    Raises: MalformedToken with reason too_large, not_compact, unreadable_header, algorithm_not_allowed, embedded_key,
    wrong_type, unexpected_header or not_canonical, in this order of checking.
    """
    if len(text) > MAX_TOKEN_CHARACTERS:
        raise MalformedToken("too_large")
    parts = text.split(".")
    if len(parts) != 3:
        raise MalformedToken("not_compact")
    head = _read_header(parts[0])
    if head.get("alg") != ALGORITHM:
        raise MalformedToken("algorithm_not_allowed")
    if head.keys() & {"jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"}:
        raise MalformedToken("embedded_key")
    if head.get("typ") != TYPE or head.get("cty") != CONTENT_TYPE:
        raise MalformedToken("wrong_type")
    if head.keys() != {"alg", "typ", "cty", "kid"} or not isinstance(head["kid"], str):
        raise MalformedToken("unexpected_header")
    return Token(text, head["kid"], from_base64url(parts[1]), from_base64url(parts[2]))


def to_base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Decode the one canonical spelling; raises MalformedToken (not_canonical) for any other."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as problem:
        raise MalformedToken("not_canonical") from problem
    if to_base64url(data) != text:
        raise MalformedToken("not_canonical")
    return data


def _encode_json(value: Mapping[str, Any]) -> str:
    return to_base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _read_header(part: str) -> dict[str, Any]:
    try:
        return _read_object(from_base64url(part), "unreadable_header")
    except MalformedToken as problem:
        raise MalformedToken("unreadable_header") from problem


def _read_object(data: bytes, reason: str) -> dict[str, Any]:
    try:
        value = json.loads(data, object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as problem:
        raise MalformedToken(reason) from problem
    if not isinstance(value, dict):
        raise MalformedToken(reason)
    return value


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found
