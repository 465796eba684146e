"""Reading the log back: checkpoints, tiles, entries and proofs, as served below /log/."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from certificates import models, rows
from certificates.log.checkpoint import read_checkpoint
from certificates.log.merkle import HASH_BYTES, Range, consistency_ranges, inclusion_ranges, root_of, subtrees
from certificates.log.notes import Note, read_note, read_signatures, with_signatures
from certificates.log.proof import LogProof
from certificates.log.tiles import (
    WIDTH,
    Bundle,
    Tile,
    bundles_of,
    encode_bundle,
    read_path,
    reader,
    tile_of,
    tiles_of,
)

CHECKPOINT_PATH = "checkpoint"


class NotInTheLog(LookupError):
    """The log is not that large yet, or holds no such leaf."""

    code = "not_in_the_log"


def tile_id(level: int, index: int) -> str:
    return f"{level}/{index}"


def tiles_for_ranges(ranges: Iterable[Range], size: int) -> set[Tile]:
    return {tile_of(subtree, size) for start, end in ranges for subtree in subtrees(start, end)}


async def load_tiles(tiles: Iterable[Tile]) -> dict[Tile, bytes]:
    """Raises NotInTheLog if one of them has not been filled that far."""
    wanted = {tile: tile_id(tile.level, tile.index) for tile in tiles}
    stored = {row.id: row.hashes for row in await rows.find_all(models.LogTile, id=sorted(wanted.values()))}
    loaded = {tile: stored.get(identity, b"")[: tile.width * HASH_BYTES] for tile, identity in wanted.items()}
    for tile, data in loaded.items():
        if len(data) != tile.width * HASH_BYTES:
            raise NotInTheLog(tile.path)
    return loaded


async def latest_checkpoint(*, quorum: int = 0, covering: int = 0) -> Note:
    """The newest checkpoint that covers `covering` leaves and has at least `quorum` cosignatures, these included.

    If none has that many yet, the newest one. Raises NotInTheLog while there is none.
    """
    newest = await models.LogCheckpoint.filter(size__gte=max(covering, 1)).order_by("-size").first()
    if newest is None:
        raise NotInTheLog(f"no checkpoint covers {covering} leaves")
    chosen, cosigned = newest, await _cosignatures(newest.size)
    if len(cosigned) < quorum:
        for row in await models.LogCosignature.filter(size__gte=covering).order_by("-size").distinct().values("size"):
            lines = await _cosignatures(row["size"])
            if len(lines) >= quorum:
                chosen, cosigned = await models.LogCheckpoint.get(size=row["size"]), lines
                break
    note = read_note(chosen.note)
    return with_signatures(note, read_signatures("".join(cosigned))) if cosigned else note


async def _cosignatures(size: int) -> list[str]:
    return [row.line for row in await models.LogCosignature.filter(size=size).order_by("witness")]


async def read_file(path: str) -> bytes:
    """The content at a path below /log/. Raises NotATile for a path of another form, NotInTheLog for one too far."""
    if path == CHECKPOINT_PATH:
        return str(await latest_checkpoint()).encode()
    found = read_path(path)
    if isinstance(found, Tile):
        return (await load_tiles([found]))[found]
    return await _bundle(found)


async def _bundle(bundle: Bundle) -> bytes:
    first = bundle.index * WIDTH
    entries = await models.LogEntry.filter(position__gte=first, position__lt=first + bundle.width).order_by("position")
    if len(entries) != bundle.width:
        raise NotInTheLog(bundle.path)
    leaves = {event.id: event.leaf for event in await models.LogEvent.filter(id__in=[one.event_id for one in entries])}
    return encode_bundle([leaves[one.event_id] for one in entries])


async def inclusion_proof(index: int, size: int) -> list[bytes]:
    return await _hashes(inclusion_ranges(index, size), size)


async def consistency_proof(old: int, new: int) -> list[bytes]:
    return await _hashes(consistency_ranges(old, new), new)


async def _hashes(ranges: Sequence[Range], size: int) -> list[bytes]:
    tiles = await load_tiles(tiles_for_ranges(ranges, size))
    hash_of = reader(tiles, size)
    return [root_of(start, end, hash_of) for start, end in ranges]


async def proof_of(number: str, event: str = "issued", *, quorum: int = 0) -> LogProof:
    """The proof that a certificate's issue (or its end) is in the log. Raises NotInTheLog until it is."""
    leaf = await models.LogEvent.get_or_none(number=number, event=event)
    entry = await models.LogEntry.get_or_none(event_id=leaf.id) if leaf else None
    if leaf is None or entry is None:
        raise NotInTheLog(f"{event} {number}")
    note = await latest_checkpoint(quorum=quorum, covering=entry.position + 1)
    size = read_checkpoint(note).size
    hashes = await inclusion_proof(entry.position, size)
    return LogProof(leaf.leaf, entry.position, tuple(hashes), str(note))


async def export(folder: Path) -> int:
    """Write the log as static files, the checkpoint last; returns its size. A web server may serve the folder as it is.

    Raises NotInTheLog while the log is empty.
    """
    note = await latest_checkpoint()
    size = read_checkpoint(note).size
    for path in (*(tile.path for tile in tiles_of(size)), *(bundle.path for bundle in bundles_of(size))):
        target = folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(await read_file(path))
    (folder / CHECKPOINT_PATH).write_text(str(note), encoding="utf-8")
    return size
