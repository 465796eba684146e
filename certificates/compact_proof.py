"""The signed proof small enough for a QR code: what a certificate number stands for, checkable with the network off.

99 bytes, 132 characters of base64url in the URL's fragment, which browsers never send to the server:

    bytes  content
    1      version (1)
    4      start of the signing key's SHA-256 thumbprint
    8      grams of CO2e, unsigned, big endian
    2 x 3  first and last day of the period and day of issue (Japan time), as days since 1970-01-01
    16     start of the SHA-256 of the statement's canonical JSON
    64     ECDSA P-256 signature, r then s

The signature covers a fixed text that separates it from every other use of the key, the number, and the bytes before it.
The number is not repeated in the fragment: it stands in the path of the same URL. The origin of the URL is not signed.
"""

import struct
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from certificates.jose import MalformedToken, from_base64url, to_base64url
from certificates.keys import SIGNATURE_BYTES, KeyOfOtherEnvironment, KeyRing, PublicKey
from certificates.statement import Period, Statement

VERSION = 1
KEY_HINT_BYTES = 4
HASH_BYTES = 16
_LAYOUT = struct.Struct(f">B{KEY_HINT_BYTES}sQHHH{HASH_BYTES}s")
PROOF_CHARACTERS = (_LAYOUT.size + SIGNATURE_BYTES) * 8 // 6
_DOMAIN = b"ashiato certificate QR proof v1\n"
_DAY_ZERO = date(1970, 1, 1)
_JAPAN = ZoneInfo("Asia/Tokyo")


class DayOutsideProof(ValueError):
    """A proof counts days in two bytes, from 1970 to 2149."""

    code = "day_outside_proof"

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} is not between 1970-01-01 and 2149-06-06")
        self.day = day


class MalformedProof(ValueError):
    """The fragment is not a proof of this form; `reason` is not_canonical, wrong_length, unknown_version or bad_dates."""

    code = "malformed_proof"

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a certificate proof: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CompactProof:
    """A proof taken apart; nothing in it is to be believed before `is_signed_by` has said yes."""

    number: str
    key_hint: bytes
    grams: int
    period: Period
    issued_on: date
    statement_hash: bytes
    signed: bytes
    signature: bytes

    @property
    def issued_at_earliest(self) -> datetime:
        """The first moment of the day of issue in Japan."""
        return datetime.combine(self.issued_on, time.min, _JAPAN)

    def may_be_of(self, key: PublicKey) -> bool:
        return key_hint(key) == self.key_hint

    def is_signed_by(self, key: PublicKey) -> bool:
        return key.verifies(_message(self.number, self.signed), self.signature)

    def agrees_with(self, statement: Statement) -> bool:
        return (
            self.number == statement.number
            and self.grams == statement.grams
            and self.period == statement.period
            and self.issued_on == issue_day(statement)
            and self.statement_hash == _statement_hash(statement)
        )


def sign_proof(statement: Statement, *, ring: KeyRing) -> str:
    """The proof's 132 characters. Raises KeyOfOtherEnvironment if the ring is not the statement's, DayOutsideProof."""
    if ring.environment is not statement.environment:
        raise KeyOfOtherEnvironment(ring.environment, statement.environment)
    signed = _LAYOUT.pack(
        VERSION,
        key_hint(ring.active.key),
        statement.grams,
        _days(statement.period.first),
        _days(statement.period.last),
        _days(issue_day(statement)),
        _statement_hash(statement),
    )
    return to_base64url(signed + ring.active.sign(_message(statement.number, signed)))


def read_proof(number: str, fragment: str) -> CompactProof:
    """Take a proof apart without trusting it; `number` is the canonical one of the URL. Raises MalformedProof."""
    try:
        data = from_base64url(fragment)
    except MalformedToken as problem:
        raise MalformedProof("not_canonical") from problem
    if len(data) != _LAYOUT.size + SIGNATURE_BYTES:
        raise MalformedProof("wrong_length")
    signed, signature = data[: _LAYOUT.size], data[_LAYOUT.size :]
    version, hint, grams, first, last, issued, statement_hash = _LAYOUT.unpack(signed)
    if version != VERSION:
        raise MalformedProof("unknown_version")
    if last < first:
        raise MalformedProof("bad_dates")
    return CompactProof(
        number=number,
        key_hint=hint,
        grams=grams,
        period=Period(first=_day(first), last=_day(last)),
        issued_on=_day(issued),
        statement_hash=statement_hash,
        signed=signed,
        signature=signature,
    )


def issue_day(statement: Statement) -> date:
    """The calendar day of issue in Japan."""
    return statement.issued_at.astimezone(_JAPAN).date()


def key_hint(key: PublicKey) -> bytes:
    return from_base64url(key.kid)[:KEY_HINT_BYTES]


def _message(number: str, signed: bytes) -> bytes:
    return _DOMAIN + number.encode("ascii") + b"\n" + signed


def _statement_hash(statement: Statement) -> bytes:
    return bytes.fromhex(statement.sha256())[:HASH_BYTES]


def _days(day: date) -> int:
    days = (day - _DAY_ZERO).days
    if not 0 <= days <= 0xFFFF:
        raise DayOutsideProof(day)
    return days


def _day(days: int) -> date:
    return _DAY_ZERO + timedelta(days=days)
