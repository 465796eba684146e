"""Revocation by a W3C Bitstring Status List 1.0: one bit per certificate in a signed, compressed list.

A list has 131 072 places, the least the specification allows, so that fetching it does not tell which certificate is
being looked at; certificates take random places (certificates/status_slots.py). A list is valid for a short time only, so
that nobody can go on showing one from before a revocation.
"""

import gzip
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from certificates.credential import REVOCATION, VC_CONTEXT, rfc3339, status_list_url
from certificates.jose import from_base64url, sign_compact, to_base64url
from certificates.keys import KeyRing

PLACES = 131_072
LIST_BYTES = PLACES // 8
LIST_TYPE = "BitstringStatusListCredential"
VALID_FOR = timedelta(hours=1)
REFRESH_AFTER = timedelta(minutes=5)
_BASE64URL_MULTIBASE = "u"


class UnusableStatusList(ValueError):
    """Not a readable revocation list; `reason` says which rule it breaks."""

    code = "unusable_status_list"

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a usable revocation list: {reason}")
        self.reason = reason


def encode_bits(revoked: Collection[int]) -> str:
    """The `encodedList` for these revoked places: place 0 is the highest bit of the first byte."""
    bits = bytearray(LIST_BYTES)
    for place in revoked:
        if not 0 <= place < PLACES:
            raise ValueError(f"place {place} is outside the list")
        bits[place // 8] |= 0x80 >> place % 8
    return _BASE64URL_MULTIBASE + to_base64url(gzip.compress(bytes(bits), compresslevel=9, mtime=0))


def decode_bits(encoded: str) -> bytes:
    """The bits of an `encodedList`; never expands to more than a list may hold. Raises UnusableStatusList."""
    if not encoded.startswith(_BASE64URL_MULTIBASE):
        raise UnusableStatusList("not_multibase_base64url")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        bits = unpacker.decompress(from_base64url(encoded[1:]), LIST_BYTES + 1)
    except (ValueError, zlib.error) as problem:
        raise UnusableStatusList("not_gzip") from problem
    if len(bits) != LIST_BYTES or not unpacker.eof or unpacker.unused_data:
        raise UnusableStatusList("wrong_length")
    return bits


def is_set(bits: bytes, place: int) -> bool:
    """Raises UnusableStatusList if the list has no such place."""
    if not 0 <= place < len(bits) * 8:
        raise UnusableStatusList("place_outside_list")
    return bool(bits[place // 8] & (0x80 >> place % 8))


def sign_status_list(
    list_number: int, revoked: Collection[int], *, ring: KeyRing, issuer_url: str, now: datetime
) -> str:
    """The list as a signed credential, valid from `now` for VALID_FOR."""
    url = status_list_url(issuer_url, list_number)
    claims: dict[str, Any] = {
        "@context": [VC_CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", LIST_TYPE],
        "iss": issuer_url,
        "issuer": issuer_url,
        "iat": int(now.timestamp()),
        "validFrom": rfc3339(now),
        "validUntil": rfc3339(now + VALID_FOR),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": REVOCATION,
            "encodedList": encode_bits(revoked),
            "ttl": int(REFRESH_AFTER.total_seconds() * 1000),
        },
    }
    return sign_compact(claims, ring.active)


@dataclass(frozen=True, slots=True)
class StatusList:
    """A list read from claims that were already found authentic."""

    url: str
    valid_from: datetime
    valid_until: datetime
    bits: bytes

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "StatusList":
        """Raises UnusableStatusList."""
        try:
            subject = claims["credentialSubject"]
            if LIST_TYPE not in claims["type"] or subject["statusPurpose"] != REVOCATION:
                raise UnusableStatusList("not_a_revocation_list")
            return cls(
                url=str(claims["id"]),
                valid_from=_moment(claims["validFrom"]),
                valid_until=_moment(claims["validUntil"]),
                bits=decode_bits(subject["encodedList"]),
            )
        except UnusableStatusList:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise UnusableStatusList("not_a_revocation_list") from problem


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() is None:
        raise ValueError("a time without its zone")
    return moment
