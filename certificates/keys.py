"""The keys certificates are signed with: ES256, named by their RFC 7638 thumbprint, kept apart per environment.

A ring has one active key and a history. Retired keys go on proving what they signed before they were retired; a revoked
key (stolen, say) proves nothing by itself any more, only together with a log entry older than the theft. The published
form is a JWK set whose `iat`, `exp` and `revoked` members follow OpenID Federation's historical keys.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from certificates.statement import Environment

SIGNATURE_BYTES = 64
_HALF = SIGNATURE_BYTES // 2
_MARK = "Ashiato signing key, environment: "


class UnusableKey(ValueError):
    """The text holds no unencrypted P-256 key, or carries no environment mark."""

    code = "unusable_signing_key"


class KeyOfOtherEnvironment(ValueError):
    """Sandbox and live never share a key: a key is marked for one of them and refused by the other."""

    code = "signing_key_of_other_environment"

    def __init__(self, found: Environment, wanted: Environment) -> None:
        super().__init__(f"this signing key is marked {found}, the ring is {wanted}; generate a key of its own")
        self.found, self.wanted = found, wanted


class DuplicateKey(ValueError):
    """A key may appear in a ring only once: an active key cannot be retired at the same time."""

    code = "duplicate_signing_key"


class UnknownKey(LookupError):
    """No key of that id is in the ring."""

    code = "unknown_signing_key"


class Signer(Protocol):
    """Something that signs with one P-256 key: a local key, a key service or an HSM.

    An implementation that talks to a network must be called outside of database transactions.
    """

    @property
    def key(self) -> "PublicKey": ...

    def sign(self, message: bytes) -> bytes:
        """The ECDSA signature over SHA-256 of `message` as 64 bytes, r then s (the JOSE form, not DER)."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A P-256 verification key and its life. `retired_at` ends its signing, `revoked_at` its credibility."""

    environment: Environment
    x: str
    y: str
    created_at: datetime
    retired_at: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str | None = None

    @property
    def kid(self) -> str:
        return _point(self.x, self.y).thumbprint

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes, r then s) is this key's over SHA-256 of `message`."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = (int.from_bytes(half) for half in (signature[:_HALF], signature[_HALF:]))
        try:
            _point(self.x, self.y).key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def to_jwk(self) -> dict[str, Any]:
        jwk: dict[str, Any] = {
            "kty": "EC",
            "crv": "P-256",
            "x": self.x,
            "y": self.y,
            "kid": self.kid,
            "alg": "ES256",
            "use": "sig",
            "environment": self.environment.value,
            "iat": int(self.created_at.timestamp()),
        }
        if self.retired_at:
            jwk["exp"] = int(self.retired_at.timestamp())
        if self.revoked_at:
            jwk["revoked"] = {"revoked_at": int(self.revoked_at.timestamp()), "reason": self.revocation_reason}
        return jwk

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "PublicKey":
        """Raises UnusableKey for anything but a P-256 signing key of ours whose `kid` is its thumbprint."""
        try:
            revoked = jwk.get("revoked") or {}
            key = cls(
                environment=Environment(jwk["environment"]),
                x=jwk["x"],
                y=jwk["y"],
                created_at=_moment(jwk["iat"]),
                retired_at=_moment(jwk["exp"]) if "exp" in jwk else None,
                revoked_at=_moment(revoked["revoked_at"]) if revoked else None,
                revocation_reason=revoked.get("reason"),
            )
            if (jwk["kty"], jwk["crv"], jwk["alg"]) != ("EC", "P-256", "ES256") or jwk["kid"] != key.kid:
                raise UnusableKey(f"not an ES256 key named by its thumbprint: {jwk.get('kid')!r}")
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, JoseError) as problem:
            raise UnusableKey(f"not a public signing key of this service: {problem}") from problem
        return key


@dataclass(frozen=True, slots=True)
class _Point:
    key: ec.EllipticCurvePublicKey
    thumbprint: str


@lru_cache(maxsize=64)
def _point(x: str, y: str) -> _Point:
    """Checking that a point lies on the curve costs more than using it, and a service has few keys."""
    imported = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    return _Point(imported.public_key, imported.thumbprint())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A signer whose private key is in this process."""

    private_key: ec.EllipticCurvePrivateKey
    key: PublicKey

    @classmethod
    def of(
        cls, private_key: ec.EllipticCurvePrivateKey, environment: Environment, created_at: datetime
    ) -> "LocalSigner":
        jwk = ECKey.import_key(private_key.public_key()).as_dict(private=False)
        return cls(private_key, PublicKey(environment, str(jwk["x"]), str(jwk["y"]), created_at))

    @classmethod
    def generate(cls, environment: Environment, *, now: datetime) -> "LocalSigner":
        """A new key; the creation time is kept to the second, as published."""
        return cls.of(ec.generate_private_key(ec.SECP256R1()), environment, now.replace(microsecond=0))

    @classmethod
    def from_text(cls, text: str) -> "LocalSigner":
        """Read what to_text wrote, from a file or an environment variable. Raises UnusableKey."""
        mark = next((line.removeprefix(_MARK) for line in text.splitlines() if line.startswith(_MARK)), "")
        environment, _, created = mark.partition(", created: ")
        try:
            private_key = serialization.load_pem_private_key(text.encode(), password=None)
            if not isinstance(private_key, ec.EllipticCurvePrivateKey) or private_key.curve.name != "secp256r1":
                raise UnusableKey("the key is not a P-256 key")
            return cls.of(private_key, Environment(environment), datetime.fromisoformat(created))
        except (ValueError, TypeError) as problem:
            raise UnusableKey(f"no signing key with its environment mark: {problem}") from problem

    def to_text(self) -> str:
        """PKCS #8 PEM under one line that says for which environment the key was made."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        return f"{_MARK}{self.key.environment}, created: {self.key.created_at.isoformat()}\n{pem}"

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.private_key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def create_key_file(path: Path, environment: Environment, *, now: datetime) -> LocalSigner:
    """Generate a key into a new file that only its owner can read. Raises FileExistsError rather than replace one."""
    signer = LocalSigner.generate(environment, now=now)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(signer.to_text())
    return signer


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The active signer of one environment and every key it has ever used, newest first."""

    environment: Environment
    active: Signer
    history: tuple[PublicKey, ...] = ()

    def __post_init__(self) -> None:
        for key in self.keys:
            if key.environment is not self.environment:
                raise KeyOfOtherEnvironment(key.environment, self.environment)
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise DuplicateKey("a signing key appears twice in the ring")

    @classmethod
    def load(cls, environment: Environment, active: str, history: str | None = None) -> "KeyRing":
        """From the texts of LocalSigner.to_text and KeyRing.history_text. Raises UnusableKey, KeyOfOtherEnvironment."""
        return cls(environment, LocalSigner.from_text(active), read_jwks(history) if history else ())

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        return (self.active.key, *self.history)

    def rotated(self, successor: Signer, *, now: datetime) -> "KeyRing":
        """The ring after `successor` took over; the key that was active is retired."""
        return replace(self, active=successor, history=(replace(self.active.key, retired_at=now), *self.history))

    def with_revoked(self, kid: str, *, at: datetime, reason: str) -> "KeyRing":
        """The ring with a key of the history revoked as of `at`, e.g. "compromised". Rotate an active key first."""
        if kid not in {key.kid for key in self.history}:
            raise UnknownKey(f"{kid} is not a retired key of this ring")
        return replace(
            self,
            history=tuple(
                replace(key, revoked_at=at, revocation_reason=reason) if key.kid == kid else key for key in self.history
            ),
        )

    def jwks(self) -> dict[str, Any]:
        """What /.well-known/jwks.json serves."""
        return {"keys": [key.to_jwk() for key in self.keys]}

    def history_text(self) -> str:
        return json.dumps({"keys": [key.to_jwk() for key in self.history]}, indent=1)


def read_jwks(document: str | bytes | Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a published set. Raises UnusableKey."""
    try:
        parsed = document if isinstance(document, Mapping) else json.loads(document)
        listed = parsed["keys"]
        return tuple(PublicKey.from_jwk(jwk) for jwk in listed)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
        raise UnusableKey(f"not a set of public signing keys: {problem}") from problem
