import pytest

from certificates.log.merkle import Subtree, leaf_hash, root_of
from certificates.log.tiles import (
    Bundle,
    NotATile,
    Tile,
    bundles_of,
    decode_bundle,
    encode_bundle,
    hashes_in,
    read_path,
    reader,
    tile_of,
    tiles_of,
)
from tests.certificates.log.test_merkle import Tree


class TestPathsAreThoseOfTheSpecification:
    @pytest.mark.parametrize(
        ("found", "path"),
        [
            (Tile(0, 0), "tile/0/000"),
            (Tile(0, 1_234_067), "tile/0/x001/x234/067"),  # the example of C2SP tlog-tiles
            (Tile(2, 5, 17), "tile/2/005.p/17"),
            (Tile(63, 999), "tile/63/999"),
            (Tile(1, 1000, 255), "tile/1/x001/000.p/255"),
            (Bundle(273, 112), "tile/entries/273.p/112"),
            (Bundle(0), "tile/entries/000"),
        ],
    )
    def test_there_and_back(self, found: Tile | Bundle, path: str) -> None:
        assert found.path == path
        assert read_path(path) == found

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tile/0/0",
            "tile/0/1234",
            "tile/0/001/234",
            "tile/0/x000/234",
            "tile/00/000",
            "tile/64/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000/",
            "/tile/0/000",
            "tile/entries/0",
            "tile/0/../../etc/passwd",
            "tile/0/٠٠٠",
            "tile/0/000\n",
        ],
    )
    def test_other_paths_are_refused(self, path: str) -> None:
        with pytest.raises(NotATile):
            read_path(path)


class TestTheTilesOfATree:
    def test_the_example_of_the_specification(self) -> None:
        tiles = list(tiles_of(70_000))
        assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
        assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
        assert sum(tile.level == 1 and tile.width == 256 for tile in tiles) == 1

    def test_a_full_tile_starts_the_next_level(self) -> None:
        assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]

    def test_the_empty_tree_has_none(self) -> None:
        assert list(tiles_of(0)) == []

    def test_bundles_are_as_wide_as_the_lowest_tiles(self) -> None:
        assert list(bundles_of(300)) == [Bundle(0), Bundle(1, 44)]

    @pytest.mark.parametrize(
        ("subtree", "size", "tile"),
        [
            (Subtree(0, 299), 300, Tile(0, 1, 44)),
            (Subtree(7, 1), 300, Tile(0, 0)),
            (Subtree(8, 0), 300, Tile(1, 0, 1)),
            (Subtree(15, 0), 70_000, Tile(1, 0)),
            (Subtree(16, 0), 70_000, Tile(2, 0, 1)),
        ],
    )
    def test_every_subtree_lies_in_one_tile(self, subtree: Subtree, size: int, tile: Tile) -> None:
        assert tile_of(subtree, size) == tile

    @pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
    def test_the_root_can_be_read_from_them(self, size: int) -> None:
        tree = Tree([n.to_bytes(2) for n in range(size)])
        tiles = {}
        for tile in tiles_of(size):
            row = [tree.hash_of(Subtree(8 * tile.level, tile.index * 256 + i)) for i in range(tile.width)]
            tiles[tile] = b"".join(row)
        assert root_of(0, size, reader(tiles, size)) == tree.root(0, size)


class TestEntryBundles:
    def test_there_and_back(self) -> None:
        entries = [b"", b"x", bytes(65_535)]
        assert decode_bundle(encode_bundle(entries)) == entries

    @pytest.mark.parametrize("data", [b"\x00", b"\x00\x02x", b"\x00\x01xy"])
    def test_cut_off_ones_are_refused(self, data: bytes) -> None:
        with pytest.raises(NotATile):
            decode_bundle(data)

    @pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(257 * 32)])
    def test_a_tile_is_whole_hashes(self, data: bytes) -> None:
        with pytest.raises(NotATile):
            hashes_in(data)

    def test_a_tile_of_hashes(self) -> None:
        hashes = [leaf_hash(b"a"), leaf_hash(b"b")]
        assert hashes_in(b"".join(hashes)) == hashes
