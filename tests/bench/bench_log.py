"""The public log: what a proof costs from a thousand to a million leaves. Size and time grow with the logarithm only."""

from math import ceil, log2

from certificates.log.merkle import check_inclusion, fold, inclusion_ranges, leaf_hash, root_of
from certificates.log.store import tiles_for_ranges
from certificates.log.tiles import WIDTH, Tile, reader, tiles_of
from tests.bench.report import Figure, median_us

SIZES = (1_000, 10_000, 100_000, 1_000_000)


def figures() -> list[Figure]:
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(SIZES[-1])]
    costs = [_proof_of_one(leaves[:size]) for size in SIZES]
    found = []
    for size, (hashes, us) in zip(SIZES, costs, strict=True):
        found.append(Figure(f"log_proof_hashes_{size:.0e}", hashes, "", goal=f"<= {ceil(log2(size))}"))
        found.append(Figure(f"log_proof_us_{size:.0e}", us, "us"))
    # twice as many hashes at a thousand times as many leaves; what is above twice the time is noise
    return [*found, Figure("log_proof_time_1e6_vs_1e3", costs[-1][1] / costs[0][1], "x", goal="<= 3")]


def _proof_of_one(leaves: list[bytes]) -> tuple[int, float]:
    """How many hashes prove one leaf, and the microseconds to put them together from tiles and to check them."""
    size, index = len(leaves), len(leaves) // 3
    tiles = _tiles(leaves)
    root = root_of(0, size, reader(tiles, size))

    def prove() -> list[bytes]:
        ranges = inclusion_ranges(index, size)
        needed = {tile: tiles[tile] for tile in tiles_for_ranges(ranges, size)}
        proof = [root_of(start, end, reader(needed, size)) for start, end in ranges]
        check_inclusion(leaves[index], index, size, proof, root)
        return proof

    return len(prove()), median_us(prove, rounds=60, warm_up=5)


def _tiles(leaves: list[bytes]) -> dict[Tile, bytes]:
    tiles, rows = {}, [leaves]
    for tile in tiles_of(len(leaves)):
        while len(rows) <= tile.level:
            below = rows[-1]
            rows.append([fold(below[i : i + WIDTH]) for i in range(0, len(below) - WIDTH + 1, WIDTH)])
        tiles[tile] = b"".join(rows[tile.level][tile.index * WIDTH : tile.index * WIDTH + tile.width])
    return tiles
