"""Merkle tree hashes and proofs of RFC 6962, section 2.1, over SHA-256.

A tree is never held in memory. Functions that make proofs name the *subtrees* whose hashes they need, all of them
perfect, as (level, index): level 0 are the leaves, and (l, i) covers the leaves [i * 2**l, (i + 1) * 2**l).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Range = tuple[int, int]


class ProofNotValid(ValueError):
    """The hashes of a proof do not lead from the leaf, or from the smaller tree, to the root."""

    code = "log_proof_not_valid"


@dataclass(frozen=True, slots=True, order=True)
class Subtree:
    level: int
    index: int


HashOf = Callable[[Subtree], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash of a perfect subtree from its 1, 2, 4 … hashes at some lower level."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def subtrees(start: int, end: int) -> list[Subtree]:
    """The perfect subtrees that make up MTH(D[start:end]) from left to right.

    `start` must be a multiple of the largest power of two below end - start, as in every range a proof speaks of.
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(Subtree(level, start >> level))
        start += 1 << level
    return found


def root_of(start: int, end: int, hash_of: HashOf) -> bytes:
    """MTH(D[start:end]) for a range as in subtrees."""
    if start == end:
        return EMPTY_ROOT
    hashes = [hash_of(subtree) for subtree in subtrees(start, end)]
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]) as ranges, from the leaf's sibling up."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    return list(_path(index, 0, size))


def _path(index: int, start: int, end: int) -> Iterator[Range]:
    if end - start == 1:
        return
    middle = start + _split(end - start)
    if index < middle:
        yield from _path(index, start, middle)
        yield middle, end
    else:
        yield from _path(index, middle, end)
        yield start, middle


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(old, D[new]) as ranges; empty if there is nothing to prove (old is 0 or new)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot grow out of one of {old}")
    if old in {0, new}:
        return []
    return list(_subproof(old, 0, new, complete=True))


def _subproof(old: int, start: int, end: int, *, complete: bool) -> Iterator[Range]:
    if old == end:
        if not complete:
            yield start, end
        return
    middle = start + _split(end - start)
    if old <= middle:
        yield from _subproof(old, start, middle, complete=complete)
        yield middle, end
    else:
        yield from _subproof(old, middle, end, complete=False)
        yield start, middle


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raises ProofNotValid unless `proof` puts the leaf hash at `index` of the tree. Source: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        raise ProofNotValid("the leaf lies outside the tree")
    position, last = index, size - 1
    result = leaf
    for sibling in proof:
        if last == 0:
            raise ProofNotValid("the proof has too many hashes")
        if position & 1 or position == last:
            result = node_hash(sibling, result)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            result = node_hash(result, sibling)
        position, last = position >> 1, last >> 1
    if last or result != root:
        raise ProofNotValid("the proof does not lead to the root")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Raises ProofNotValid unless the new tree continues the old one. Source: RFC 9162, section 2.1.4.2."""
    if not 0 <= old <= new:
        raise ProofNotValid("a log never shrinks")
    if old in {0, new}:
        if proof or (old == new and old_root != new_root):
            raise ProofNotValid("the trees of one size differ" if old else "an empty tree needs no proof")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ProofNotValid("the proof is empty")
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    from_old = from_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofNotValid("the proof has too many hashes")
        if position & 1 or position == last:
            from_old, from_new = node_hash(sibling, from_old), node_hash(sibling, from_new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            from_new = node_hash(from_new, sibling)
        position, last = position >> 1, last >> 1
    if last or from_old != old_root or from_new != new_root:
        raise ProofNotValid("the proof does not lead from the old root to the new one")
