"""Checking the whole log from its public files alone, as anybody can.

First the tree: the checkpoint is signed, the entries hash to the tiles, the tiles to the root, and an earlier checkpoint
is a prefix. Then what the leaves say: no certificate twice, no gram of a cancellation or of a pool certificate twice, no
serial in two cancellations, ends only of what was issued.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from certificates.log.checkpoint import Checkpoint, LogTrust, trusted_checkpoint
from certificates.log.leaves import Corrected, Issued, Leaf, LoggedShare, MalformedLeaf, Revoked, decode_leaf
from certificates.log.merkle import EMPTY_ROOT, HASH_BYTES, fold, leaf_hash, node_hash
from certificates.log.tiles import WIDTH, NotATile, bundles_of, decode_bundle, tiles_of

ReadFile = Callable[[str], bytes]


class LogDiffers(ValueError):
    """The files do not make up the tree that the checkpoint signs, or the tree does not continue an earlier one."""

    code = "log_differs"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a leaf says that cannot be: a stable code, where, and of which certificate or cancellation."""

    code: str
    position: int
    subject: str


@dataclass(frozen=True, slots=True)
class Audit:
    """A tree that is whole; `findings` are what is wrong with its content. `grams` counts those of a pool once."""

    checkpoint: Checkpoint
    issued: int
    grams: int
    findings: tuple[Finding, ...]


def audit(read: ReadFile, trust: LogTrust, *, earlier: str | None = None) -> Audit:
    """Read and check everything below the log's prefix; `earlier` is a checkpoint kept from before.

    Raises: LogDiffers, NotATile, and what trusted_checkpoint raises for either checkpoint. Takes memory for all leaves'
    hashes (32 bytes each) and the shares.
    """
    checkpoint = trusted_checkpoint(read("checkpoint").decode(), trust)
    entries = list(entries_of(read, checkpoint.size))
    hashes = [leaf_hash(entry) for entry in entries]
    _check_tiles(read, hashes)
    if tree_root(hashes) != checkpoint.root:
        raise LogDiffers("the entries do not make up the signed root")
    if earlier is not None:
        before = trusted_checkpoint(earlier, trust)
        if before.size > checkpoint.size or tree_root(hashes[: before.size]) != before.root:
            raise LogDiffers("the log does not continue the earlier checkpoint")
    return _Content(checkpoint).judge(entries)


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, in one pass with one hash per level in memory."""
    stack: list[tuple[int, bytes]] = []
    for one in hashes:
        level, grown = 0, one
        while stack and stack[-1][0] == level:
            grown = node_hash(stack.pop()[1], grown)
            level += 1
        stack.append((level, grown))
    if not stack:
        return EMPTY_ROOT
    root = stack.pop()[1]
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def entries_of(read: ReadFile, size: int) -> Iterator[bytes]:
    """The leaves of a log of this size as they are written. Raises LogDiffers, NotATile."""
    for bundle in bundles_of(size):
        entries = decode_bundle(read(bundle.path))
        if len(entries) != bundle.width:
            raise LogDiffers(f"{bundle.path} has {len(entries)} entries")
        yield from entries


def _check_tiles(read: ReadFile, hashes: Sequence[bytes]) -> None:
    level, row = 0, list(hashes)
    for tile in tiles_of(len(hashes)):
        if tile.level != level:
            row = [fold(row[i : i + WIDTH]) for i in range(0, len(row) - WIDTH + 1, WIDTH)]
            level = tile.level
        expected = b"".join(row[tile.index * WIDTH : tile.index * WIDTH + tile.width])
        if len(expected) != tile.width * HASH_BYTES:
            raise NotATile(tile.path)
        if read(tile.path) != expected:
            raise LogDiffers(f"{tile.path} does not hold the hashes of the entries")


class _Content:
    """Walks the leaves in order and keeps what they add up to."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.issued: dict[str, Issued] = {}
        self.ended: dict[str, Leaf] = {}
        self.held: dict[str, int] = {}
        self.pooled: dict[str, int] = {}
        self.cancellations: dict[str, LoggedShare] = {}
        self.findings: list[Finding] = []

    def judge(self, entries: Sequence[bytes]) -> Audit:
        promised: list[tuple[int, Corrected]] = []
        for position, entry in enumerate(entries):
            try:
                leaf = decode_leaf(entry)
            except MalformedLeaf:
                self._find("malformed_leaf", position, "")
                continue
            if isinstance(leaf, Issued):
                self._issued(position, leaf)
            else:
                self._ended(position, leaf)
            if isinstance(leaf, Corrected):
                promised.append((position, leaf))
        self._check_replacements(promised)
        self._check_amounts(len(entries))
        self._check_serials(len(entries))
        valid = [leaf for number, leaf in self.issued.items() if number not in self.ended]
        own_g = sum(leaf.grams - _pooled_g(leaf) for leaf in valid)
        return Audit(self.checkpoint, len(self.issued), own_g, tuple(self.findings))

    def _find(self, code: str, position: int, subject: str) -> None:
        self.findings.append(Finding(code, position, subject))

    def _issued(self, position: int, leaf: Issued) -> None:
        if leaf.number in self.issued:
            self._find("certificate_issued_twice", position, leaf.number)
            return
        self.issued[leaf.number] = leaf
        if sum(share.grams for share in leaf.shares) + _pooled_g(leaf) != leaf.grams:
            self._find("grams_are_not_the_shares", position, leaf.number)
        for share in leaf.shares:
            known = self.cancellations.setdefault(share.reference, share)
            if known.model_copy(update={"grams": share.grams}) != share:
                self._find("cancellation_differs", position, share.reference)
            self.held[share.reference] = self.held.get(share.reference, 0) + share.grams
        for part in leaf.from_pool or ():
            parent = self.issued.get(part.parent)
            if parent is None or not parent.pool or parent.statement_sha256 != part.statement_sha256:
                self._find("pool_missing", position, leaf.number)
            self.pooled[part.parent] = self.pooled.get(part.parent, 0) + part.grams

    def _ended(self, position: int, leaf: Revoked | Corrected) -> None:
        if leaf.number in self.ended:
            self._find("certificate_ended_twice", position, leaf.number)
        self.ended.setdefault(leaf.number, leaf)

    def _check_replacements(self, promised: Sequence[tuple[int, Corrected]]) -> None:
        for position, leaf in promised:
            successor, old = self.issued.get(leaf.replaced_by), self.issued.get(leaf.number)
            if successor is None or successor.replaces != leaf.number:
                self._find("replacement_missing", position, leaf.number)
            if old is not None and successor is not None:
                for share in old.shares:
                    self.held[share.reference] -= share.grams
                for part in old.from_pool or ():
                    self.pooled[part.parent] -= part.grams
        for number in self.ended.keys() - self.issued.keys():
            self._find("ended_but_never_issued", self.checkpoint.size - 1, number)
        for number, issued in self.issued.items():
            end = self.ended.get(issued.replaces or "")
            if issued.replaces and not (isinstance(end, Corrected) and end.replaced_by == number):
                self._find("replaces_without_correction", self.checkpoint.size - 1, number)

    def _check_amounts(self, size: int) -> None:
        for reference, grams in self.held.items():
            if grams > self.cancellations[reference].cancelled_g:
                self._find("grams_handed_out_twice", size - 1, reference)
        for number, grams in self.pooled.items():
            parent = self.issued.get(number)
            if parent is not None and grams > parent.grams:
                self._find("pool_handed_on_twice", size - 1, number)
            if grams > 0 and number in self.ended:
                self._find("pool_ended_under_its_parts", size - 1, number)

    def _check_serials(self, size: int) -> None:
        spans = sorted(
            (share.registry, share.block, first, last, reference)
            for reference, share in self.cancellations.items()
            for first, last in share.serials
        )
        block_before, reached = ("", ""), 0
        for registry, block, first, last, reference in spans:
            if (registry, block) == block_before and first <= reached:
                self._find("serial_cancelled_twice", size - 1, reference)
            reached = max(reached, last) if (registry, block) == block_before else last
            block_before = (registry, block)


def _pooled_g(leaf: Issued) -> int:
    return sum(part.grams for part in leaf.from_pool or ())
