"""Tiles (C2SP tlog-tiles): the log as files that never change, 256 hashes or entries each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from certificates.log.merkle import HASH_BYTES, HashOf, Subtree, fold

WIDTH = 256
_HEIGHT = 8
MAX_ENTRY_BYTES = 65_535
_LENGTH_BYTES = 2
_NUMBER = r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
_TILE_PATH = re.compile(rf"tile/(0|[1-9][0-9]?)/{_NUMBER}")
_BUNDLE_PATH = re.compile(rf"tile/entries/{_NUMBER}")


class NotATile(ValueError):
    """The path names no tile, or the content is none of the named width."""

    code = "not_a_tile"


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Hashes `index * 256` to `index * 256 + width` of tile level `level` (eight tree levels each)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        return f"tile/{self.level}/{_number(self.index, self.width)}"


@dataclass(frozen=True, slots=True, order=True)
class Bundle:
    """Entries `index * 256` to `index * 256 + width`."""

    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        return f"tile/entries/{_number(self.index, self.width)}"


def read_path(path: str) -> Tile | Bundle:
    """What a path below the log's prefix names. Raises NotATile."""
    if match := _TILE_PATH.fullmatch(path):
        level, number, width = int(match[1]), match[2], match[3]
        if level > 63:
            raise NotATile(path[:80])
        found: Tile | Bundle = Tile(level, _index(number), int(width or WIDTH))
    elif match := _BUNDLE_PATH.fullmatch(path):
        found = Bundle(_index(match[1]), int(match[2] or WIDTH))
    else:
        raise NotATile(path[:80])
    if found.path != path:
        raise NotATile(path[:80])
    return found


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` leaves, the partial ones at its edge included."""
    level = 0
    while size:
        full, rest = divmod(size, WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if rest:
            yield Tile(level, full, rest)
        size, level = full, level + 1


def bundles_of(size: int) -> Iterator[Bundle]:
    """Every entry bundle of a tree of `size` leaves."""
    return (Bundle(tile.index, tile.width) for tile in tiles_of(size) if tile.level == 0)


def tile_of(subtree: Subtree, size: int) -> Tile:
    """The tile of a tree of `size` leaves that a perfect subtree's hash is computed from."""
    level, height = divmod(subtree.level, _HEIGHT)
    index = (subtree.index << height) // WIDTH
    return Tile(level, index, min(WIDTH, (size >> level * _HEIGHT) - index * WIDTH))


def hashes_in(data: bytes) -> list[bytes]:
    """Raises NotATile unless `data` is 1 to 256 hashes."""
    if not data or len(data) % HASH_BYTES or len(data) > WIDTH * HASH_BYTES:
        raise NotATile(f"{len(data)} bytes")
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def reader(tiles: dict[Tile, bytes], size: int) -> HashOf:
    """Reads the hashes of perfect subtrees of a tree of `size` leaves out of tiles already at hand."""
    rows = {tile: hashes_in(data) for tile, data in tiles.items()}

    def hash_of(subtree: Subtree) -> bytes:
        tile = tile_of(subtree, size)
        height = subtree.level % _HEIGHT
        first = (subtree.index << height) % WIDTH
        return fold(rows[tile][first : first + (1 << height)])

    return hash_of


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES) + entry for entry in entries)


def decode_bundle(data: bytes) -> list[bytes]:
    """Raises NotATile if the lengths do not add up."""
    entries, at = [], 0
    while at < len(data):
        end = at + _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES])
        if at + _LENGTH_BYTES > len(data) or end > len(data):
            raise NotATile("an entry bundle that is cut off")
        entries.append(data[at + _LENGTH_BYTES : end])
        at = end
    return entries


def _number(index: int, width: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    return "/".join(groups) + (f".p/{width}" if width < WIDTH else "")


def _index(number: str) -> int:
    return int(number.replace("x", "").replace("/", ""))
