"""Checkpoints (C2SP tlog-checkpoint): the size and root of the log at a moment, in a note the log signs."""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from certificates.log.merkle import HASH_BYTES
from certificates.log.notes import Note, NoteKey, NoteSigner, read_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class MalformedCheckpoint(ValueError):
    """Not the text of a checkpoint."""

    code = "malformed_checkpoint"


class ForeignLog(ValueError):
    """A checkpoint of another log than the one asked for."""

    code = "foreign_log"


class TooFewWitnesses(ValueError):
    """Not enough of the trusted witnesses have cosigned: the log may show others another view."""

    code = "too_few_witnesses"

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(f"{found} of the {wanted} cosignatures asked for")
        self.found, self.wanted = found, wanted


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class LogTrust:
    """Whose log is believed: its key, and how many of which witnesses must have cosigned. The name is the origin."""

    key: NoteKey
    witnesses: tuple[NoteKey, ...] = ()
    quorum: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.quorum <= len(self.witnesses):
            raise ValueError(f"a quorum of {self.quorum} among {len(self.witnesses)} witnesses")


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> Note:
    return Note(checkpoint.text, (signer.sign(checkpoint.text),))


def read_checkpoint(note: Note) -> Checkpoint:
    """Read a checkpoint's text without trusting it; extension lines are ignored. Raises MalformedCheckpoint."""
    lines = note.text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise MalformedCheckpoint("a checkpoint has an origin, a size and a root, and no empty line")
    try:
        root = b64decode(lines[2].encode("ascii"), validate=True)
    except ValueError as problem:
        raise MalformedCheckpoint("the root is not base64") from problem
    if len(root) != HASH_BYTES or b64encode(root).decode() != lines[2]:
        raise MalformedCheckpoint("the root is not a SHA-256 hash")
    return Checkpoint(lines[0], int(lines[1]), root)


def trusted_checkpoint(text: str, trust: LogTrust) -> Checkpoint:
    """A checkpoint that the log signed and enough witnesses cosigned.

    Raises: MalformedNote, MalformedCheckpoint, ForeignLog, NoteNotSigned, TooFewWitnesses.
    """
    note = read_note(text)
    checkpoint = read_checkpoint(note)
    if checkpoint.origin != trust.key.name:
        raise ForeignLog(f"a checkpoint of {checkpoint.origin[:80]}, not of {trust.key.name}")
    note.check_signed_by(trust.key)
    found = len(cosigned_times(note, trust.witnesses))
    if found < trust.quorum:
        raise TooFewWitnesses(found, trust.quorum)
    return checkpoint


def cosigned_times(note: Note, witnesses: Sequence[NoteKey]) -> list[datetime]:
    """When each of the witnesses cosigned, earliest first; those that did not are left out.

    Raises NoteNotSigned if a line in the name of one of them is not valid.
    """
    times = []
    for witness in witnesses:
        if any(signature.is_from(witness) for signature in note.signatures):
            times.append(datetime.fromtimestamp(note.cosigned_at(witness), UTC))
    return sorted(times)
