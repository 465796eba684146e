"""`.tlog-proof` files (C2SP tlog-proof): that a leaf is in the log, checkable offline.

The `extra` line carries the leaf itself. The specification leaves its meaning to the application and warns that it is
not authenticated; here it is, because the inclusion proof starts from its hash.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from certificates.log.checkpoint import Checkpoint, LogTrust, trusted_checkpoint
from certificates.log.merkle import HASH_BYTES, check_inclusion, leaf_hash
from certificates.log.notes import MAX_NOTE_CHARACTERS
from certificates.log.tiles import MAX_ENTRY_BYTES

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HASHES = 63
_MAX_CHARACTERS = MAX_NOTE_CHARACTERS + 2 * MAX_ENTRY_BYTES


class MalformedLogProof(ValueError):
    """Not a .tlog-proof file with its leaf."""

    code = "malformed_log_proof"


@dataclass(frozen=True, slots=True)
class LogProof:
    """`leaf` is in the tree of `checkpoint` (a signed note) at `index`, if `hashes` lead there."""

    leaf: bytes
    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        lines = [
            _FIRST_LINE,
            f"extra {b64encode(self.leaf).decode()}",
            f"index {self.index}",
            *(b64encode(one).decode() for one in self.hashes),
        ]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    def check(self, trust: LogTrust) -> Checkpoint:
        """The checkpoint that covers the leaf.

        Raises: ProofNotValid, and what trusted_checkpoint raises.
        """
        checkpoint = trusted_checkpoint(self.checkpoint, trust)
        check_inclusion(leaf_hash(self.leaf), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def read_log_proof(text: str) -> LogProof:
    """Take a proof file apart without trusting it. Raises MalformedLogProof."""
    if len(text) > _MAX_CHARACTERS:
        raise MalformedLogProof("too large")
    head, separator, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or len(lines) < 3 or lines[0] != _FIRST_LINE or len(lines) > 3 + _MAX_HASHES:
        raise MalformedLogProof("not a log proof with its leaf")
    index = _INDEX.fullmatch(lines[2])
    if not lines[1].startswith("extra ") or not index:
        raise MalformedLogProof("no leaf or no index")
    leaf = _base64(lines[1].removeprefix("extra "))
    return LogProof(leaf, int(index[1]), _hashes(lines[3:]), checkpoint)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    hashes = tuple(_base64(line) for line in lines)
    if any(len(one) != HASH_BYTES for one in hashes):
        raise MalformedLogProof("a hash of another length")
    return hashes


def _base64(text: str) -> bytes:
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError as problem:
        raise MalformedLogProof("not base64") from problem
    if b64encode(data).decode() != text:
        raise MalformedLogProof("not the canonical base64")
    return data
