import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificates.log.merkle import (
    EMPTY_ROOT,
    ProofNotValid,
    Subtree,
    check_consistency,
    check_inclusion,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root_of,
    subtrees,
)

# The reference trees of the Certificate Transparency project, used by implementations of RFC 6962 everywhere:
# eight leaves, the roots of the first 0 to 8 of them, and some proofs.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


class Tree:
    """A tree in memory, hashed straight from the definition in RFC 6962."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.hashes = [leaf_hash(leaf) for leaf in leaves]

    def root(self, start: int, end: int) -> bytes:
        if end - start <= 1:
            return self.hashes[start] if end > start else EMPTY_ROOT
        split = 1
        while split * 2 < end - start:
            split *= 2
        return node_hash(self.root(start, start + split), self.root(start + split, end))

    def hash_of(self, subtree: Subtree) -> bytes:
        return self.root(subtree.index << subtree.level, (subtree.index + 1) << subtree.level)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return [root_of(start, end, self.hash_of) for start, end in inclusion_ranges(index, size)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        return [root_of(start, end, self.hash_of) for start, end in consistency_ranges(old, new)]


REFERENCE = Tree(LEAVES)
LARGE = Tree([n.to_bytes(2) for n in range(600)])


class TestPublishedVectors:
    @pytest.mark.parametrize("size", range(9))
    def test_roots(self, size: int) -> None:
        assert root_of(0, size, REFERENCE.hash_of).hex() == ROOTS[size]

    @pytest.mark.parametrize(("index", "size"), INCLUSION)
    def test_inclusion_proofs(self, index: int, size: int) -> None:
        proof = REFERENCE.inclusion(index, size)
        assert [one.hex() for one in proof] == INCLUSION[index, size]
        check_inclusion(leaf_hash(LEAVES[index]), index, size, proof, bytes.fromhex(ROOTS[size]))

    @pytest.mark.parametrize(("old", "new"), CONSISTENCY)
    def test_consistency_proofs(self, old: int, new: int) -> None:
        proof = REFERENCE.consistency(old, new)
        assert [one.hex() for one in proof] == CONSISTENCY[old, new]
        check_consistency(old, new, proof, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]))

    def test_the_empty_tree(self) -> None:
        assert hashlib.sha256(b"").digest() == EMPTY_ROOT


class TestEveryProofMadeIsAccepted:
    @given(st.integers(1, 600), st.data())
    def test_of_inclusion(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        check_inclusion(LARGE.hashes[index], index, size, LARGE.inclusion(index, size), LARGE.root(0, size))

    @given(st.integers(0, 600), st.data())
    def test_of_consistency(self, new: int, data: st.DataObject) -> None:
        old = data.draw(st.integers(0, new))
        check_consistency(old, new, LARGE.consistency(old, new), LARGE.root(0, old), LARGE.root(0, new))

    def test_small_trees_exhaustively(self) -> None:
        for new in range(1, 65):
            for old in range(new + 1):
                proof = LARGE.consistency(old, new)
                check_consistency(old, new, proof, LARGE.root(0, old), LARGE.root(0, new))
            for index in range(new):
                check_inclusion(LARGE.hashes[index], index, new, LARGE.inclusion(index, new), LARGE.root(0, new))


def mutations(proof: list[bytes], seed: int) -> list[list[bytes]]:
    """The proof with a bit flipped, an element lost, doubled, swapped or added."""
    rng = random.Random(seed)
    spoilt = [[*proof, bytes(32)], [bytes(32), *proof]]
    for place in range(len(proof)):
        flipped = bytearray(proof[place])
        flipped[rng.randrange(32)] ^= 1 << rng.randrange(8)
        spoilt.append([*proof[:place], bytes(flipped), *proof[place + 1 :]])
        spoilt.append([*proof[:place], *proof[place + 1 :]])
        spoilt.append([*proof[:place], proof[place], *proof[place:]])
    if len(proof) > 1:
        spoilt.append(proof[::-1])
    return spoilt


class TestEverySpoiltProofIsRefused:
    @given(st.integers(1, 600), st.data())
    def test_of_inclusion(self, size: int, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, size - 1))
        leaf, root = LARGE.hashes[index], LARGE.root(0, size)
        for spoilt in mutations(LARGE.inclusion(index, size), seed=size):
            with pytest.raises(ProofNotValid):
                check_inclusion(leaf, index, size, spoilt, root)

    @given(st.integers(2, 600), st.data())
    def test_of_consistency(self, new: int, data: st.DataObject) -> None:
        old = data.draw(st.integers(1, new - 1))
        for spoilt in mutations(LARGE.consistency(old, new), seed=new):
            with pytest.raises(ProofNotValid):
                check_consistency(old, new, spoilt, LARGE.root(0, old), LARGE.root(0, new))

    @pytest.mark.parametrize(("index", "size"), [(-1, 8), (8, 8), (9, 8), (0, 0)])
    def test_of_a_leaf_outside_the_tree(self, index: int, size: int) -> None:
        with pytest.raises(ProofNotValid):
            check_inclusion(REFERENCE.hashes[0], index, size, [], REFERENCE.root(0, 8))

    @pytest.mark.parametrize("index", [-1, 1])
    def test_of_the_only_leaf_as_if_it_were_another(self, index: int) -> None:
        with pytest.raises(ProofNotValid):
            check_inclusion(REFERENCE.hashes[0], index, 1, [], REFERENCE.root(0, 1))

    def test_that_leads_to_the_root_of_a_larger_tree_than_is_said(self) -> None:
        with pytest.raises(ProofNotValid):
            check_inclusion(REFERENCE.hashes[1], 0, 1, [REFERENCE.hashes[0]], REFERENCE.root(0, 2))
        beside = REFERENCE.hashes[7]
        old_root, new_root = (node_hash(beside, REFERENCE.root(0, size)) for size in (3, 4))
        with pytest.raises(ProofNotValid):
            check_consistency(3, 4, [*REFERENCE.consistency(3, 4), beside], old_root, new_root)

    @given(st.integers(0, 7), st.integers(0, 7))
    def test_of_a_leaf_at_another_place(self, index: int, other: int) -> None:
        if index == other:
            return
        with pytest.raises(ProofNotValid):
            check_inclusion(REFERENCE.hashes[index], other, 8, REFERENCE.inclusion(index, 8), REFERENCE.root(0, 8))

    @pytest.mark.parametrize(
        ("old", "new", "proof", "same_root"),
        [
            (8, 6, [], False),
            (8, 6, [], True),
            (-1, 8, [], False),
            (8, 8, [], False),
            (8, 8, [bytes(32)], True),
            (0, 8, [bytes(32)], True),
            (3, 8, [], False),
        ],
    )
    def test_of_a_log_that_shrinks_forks_or_says_too_much(
        self, old: int, new: int, proof: list[bytes], same_root: bool
    ) -> None:
        root = REFERENCE.root(0, 8)
        with pytest.raises(ProofNotValid):
            check_consistency(old, new, proof, root if same_root else REFERENCE.root(0, 3), root)


class TestProofsStayShort:
    @pytest.mark.parametrize(("size", "most"), [(1_000, 10), (10_000, 14), (100_000, 17), (1_000_000, 20)])
    def test_they_grow_with_the_logarithm_of_the_log(self, size: int, most: int) -> None:
        indexes = random.Random(size).sample(range(size), 200)
        assert max(len(inclusion_ranges(index, size)) for index in indexes) <= most
        needed = [len(subtrees(*span)) for index in indexes for span in inclusion_ranges(index, size)]
        assert max(needed) <= most

    @pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3)])
    def test_a_leaf_outside_the_tree_has_none(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_ranges(index, size)

    def test_a_log_never_shrinks(self) -> None:
        with pytest.raises(ValueError, match="cannot grow"):
            consistency_ranges(4, 3)
