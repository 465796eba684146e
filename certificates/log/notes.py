"""Signed notes (C2SP signed-note): a text and lines that sign it, each by a named key.

A key is written as in the Go ecosystem: name+id+base64(type, public key). Two signature types are spoken: 0x01, plain
Ed25519, by which a log signs, and 0x04, a timestamped Ed25519 cosignature, by which a witness does (C2SP
tlog-cosignature).
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4
MAX_NOTE_CHARACTERS = 100_000
MAX_SIGNATURES = 64
_KEY_ID_BYTES = 4
_PUBLIC_BYTES = 32
_TIME_BYTES = 8
_DASH = "\u2014"
_KEY_TEXT = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class MalformedNote(ValueError):
    """Not a signed note; nothing in it can be read."""

    code = "malformed_note"


class MalformedKey(ValueError):
    """Not a verifier key of a type this service speaks, or its id is not that of its name and key."""

    code = "malformed_note_key"


class NoteNotSigned(ValueError):
    """No valid signature of the key asked for, or one of its signatures is wrong."""

    code = "note_not_signed"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A verifier key. `kind` is ED25519 (logs) or COSIGNATURE (witnesses)."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def from_text(cls, text: str) -> "NoteKey":
        """Raises MalformedKey."""
        match = _KEY_TEXT.fullmatch(text)
        encoded = _base64(match[3]) if match else None
        if (
            not match
            or encoded is None
            or len(encoded) != 1 + _PUBLIC_BYTES
            or encoded[0] not in {ED25519, COSIGNATURE}
        ):
            raise MalformedKey(f"not a verifier key: {text[:80]!r}")
        key = cls(match[1], encoded[0], encoded[1:])
        if key.id.hex() != match[2]:
            raise MalformedKey(f"the id of {key.name} is not that of its key")
        return key

    def verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH} {self.name} {b64encode(self.key_id + self.signature).decode()}\n"

    def is_from(self, key: NoteKey) -> bool:
        return (self.name, self.key_id) == (key.name, key.id)


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends with a newline; nothing in it is to be believed before a check below has passed."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(str(signature) for signature in self.signatures)

    def check_signed_by(self, key: NoteKey) -> None:
        """Raises NoteNotSigned unless every signature of this key (at least one) verifies."""
        own = [signature for signature in self.signatures if signature.is_from(key)]
        if not own or not all(key.verifies(self.text.encode(), signature.signature) for signature in own):
            raise NoteNotSigned(f"no valid signature of {key.name}")

    def cosigned_at(self, witness: NoteKey) -> int:
        """The POSIX time at which a witness cosigned. Raises NoteNotSigned unless every one of its signatures verifies."""
        own = [signature for signature in self.signatures if signature.is_from(witness)]
        times = [self._cosignature_time(witness, signature.signature) for signature in own]
        if not times:
            raise NoteNotSigned(f"no signature of {witness.name}")
        return min(times)

    def _cosignature_time(self, witness: NoteKey, signature: bytes) -> int:
        time = int.from_bytes(signature[:_TIME_BYTES])
        if not witness.verifies(_cosigned(self.text, time), signature[_TIME_BYTES:]):
            raise NoteNotSigned(f"the signature of {witness.name} is not valid")
        return time


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named Ed25519 key of one type."""

    private_key: Ed25519PrivateKey
    key: NoteKey

    @classmethod
    def of(cls, private_key: Ed25519PrivateKey, name: str, kind: int = ED25519) -> "NoteSigner":
        return cls(private_key, NoteKey(name, kind, private_key.public_key().public_bytes_raw()))

    def sign(self, text: str) -> Signature:
        return Signature(self.key.name, self.key.id, self.private_key.sign(text.encode()))

    def cosign(self, text: str, *, time: int) -> Signature:
        signed = self.private_key.sign(_cosigned(text, time))
        return Signature(self.key.name, self.key.id, time.to_bytes(_TIME_BYTES) + signed)


def read_note(text: str) -> Note:
    """Take a note apart without trusting it. Raises MalformedNote."""
    if len(text) > MAX_NOTE_CHARACTERS or _CONTROL.search(text):
        raise MalformedNote("too large, or with control characters")
    body, separator, lines = text.rpartition("\n\n")
    if not separator or not body or not lines.endswith("\n"):
        raise MalformedNote("no blank line between text and signatures")
    return Note(body + "\n", read_signatures(lines))


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Signature lines, each ending in a newline. Raises MalformedNote."""
    found = tuple(_signature(line) for line in lines.removesuffix("\n").split("\n"))
    if len(found) > MAX_SIGNATURES:
        raise MalformedNote("too many signatures")
    return found


def with_signatures(note: Note, more: Sequence[Signature]) -> Note:
    return Note(note.text, (*note.signatures, *(one for one in more if one not in note.signatures)))


def _signature(line: str) -> Signature:
    parts = line.split(" ")
    encoded = _base64(parts[2]) if len(parts) == 3 else None
    if encoded is None or parts[0] != _DASH or not parts[1] or "+" in parts[1] or len(encoded) <= _KEY_ID_BYTES:
        raise MalformedNote("not a signature line")
    return Signature(parts[1], encoded[:_KEY_ID_BYTES], encoded[_KEY_ID_BYTES:])


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _base64(text: str) -> bytes | None:
    """The bytes of the one canonical spelling, None for any other."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        return None
    return data if b64encode(data).decode() == text else None
