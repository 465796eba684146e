"""Leaves get positions, tiles and a signed checkpoint: all in one transaction, so that no crash leaves a gap or a fork.

A leaf is written together with what it tells of (`append`, called by certificates/service.py) and waits without a
position. One sequencer at a time moves waiting leaves into the tree. Its signature leaves the database only with the
commit, so the log never signs two trees of one size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.connection import get_connection
from ulid import ULID

from certificates import models, rows
from certificates.log.checkpoint import Checkpoint, sign_checkpoint
from certificates.log.leaves import Leaf, encode_leaf
from certificates.log.merkle import fold, leaf_hash, root_of
from certificates.log.notes import Note, NoteSigner
from certificates.log.store import load_tiles, tile_id, tiles_for_ranges
from certificates.log.tiles import WIDTH, hashes_in, reader

BATCH = 1_000


async def append(leaf: Leaf, *, at: datetime) -> None:
    """Put a leaf on the waiting list; a second one of the same certificate and event is refused by the database."""
    await append_all([leaf], at=at)


async def append_all(leaves: Sequence[Leaf], *, at: datetime) -> None:
    """As append, for many at once."""
    await rows.insert(
        *(
            models.LogEvent(
                id=f"log_{ULID.from_datetime(at)}", number=leaf.number, event=leaf.event, leaf=encode_leaf(leaf)
            )
            for leaf in leaves
        )
    )


async def leaves_wait() -> bool:
    """Whether any leaf has no position yet."""
    return bool(await get_connection("default").execute_query_dict("SELECT 1 FROM log_pending LIMIT 1"))


async def sequence(signer: NoteSigner, *, now: datetime, limit: int = BATCH) -> Note | None:
    """Move up to `limit` waiting leaves into the tree and sign the new checkpoint; None if nothing was waiting.

    Runs inside the caller's transaction.
    """
    start = await head_locked()
    connection = get_connection("default")
    postgres = connection.capabilities.dialect == "postgres"
    waiting = await connection.execute_query_dict(_WAITING.replace("?", "$1") if postgres else _WAITING, [limit])
    if not waiting:
        return None
    size = start + len(waiting)
    await place(start, [Placed(row["id"], row["leaf"]) for row in waiting])
    note = sign_checkpoint(Checkpoint(signer.key.name, size, await root_at(size)), signer)
    await rows.insert(models.LogCheckpoint(size=size, note=str(note), signed_at=now))
    await rows.change(models.LogHead, {"id": 1}, size=size)
    return note


@dataclass(frozen=True, slots=True)
class Placed:
    """A leaf and its row among the events."""

    event_id: str
    leaf: bytes


async def head_locked() -> int:
    """How many leaves have a position; inside the caller's transaction nobody else gives out the next one."""
    connection = get_connection("default")
    # SQLite has one writer at a time; on PostgreSQL sequencers queue here
    locked = connection.capabilities.dialect == "postgres"
    found = await connection.execute_query_dict(_HEAD_LOCKED if locked else _HEAD)
    return int(found[0]["size"])


async def place(start: int, leaves: Sequence[Placed]) -> None:
    """Give positions from `start` on to leaves that wait, and append them to the tiles."""
    await rows.insert(
        *(models.LogEntry(position=start + offset, event_id=one.event_id) for offset, one in enumerate(leaves))
    )
    await rows.delete(models.LogPending, event_id=[one.event_id for one in leaves])
    await _grow(start, [leaf_hash(one.leaf) for one in leaves])


async def root_at(size: int) -> bytes:
    """The root of the tree of the first `size` leaves, at least one, out of the tiles."""
    tiles = await load_tiles(tiles_for_ranges([(0, size)], size))
    return root_of(0, size, reader(tiles, size))


_HEAD = "SELECT size FROM log_head WHERE id = 1"
_HEAD_LOCKED = f"{_HEAD} FOR UPDATE"
_WAITING = """
SELECT e.id, e.leaf FROM log_pending p JOIN log_event e ON e.id = p.event_id ORDER BY p.event_id LIMIT ?
"""


async def _grow(start: int, hashes: Sequence[bytes]) -> None:
    """Append hashes to level 0 from position `start` on, and full tiles' hashes to the levels above."""
    level, row = 0, list(hashes)
    while row:
        above_start, above = start // WIDTH, []
        for index in range(start // WIDTH, (start + len(row) - 1) // WIDTH + 1):
            first = max(index * WIDTH, start)
            added = row[first - start : (index + 1) * WIDTH - start]
            whole = await _extend_tile(level, index, added)
            if len(whole) == WIDTH:
                above.append(fold(whole))
        level, start, row = level + 1, above_start, above


async def _extend_tile(level: int, index: int, added: Sequence[bytes]) -> list[bytes]:
    """The tile's hashes after `added` were appended."""
    identity = tile_id(level, index)
    known = await rows.find(models.LogTile, id=identity)
    if known is None:
        await rows.insert(models.LogTile(id=identity, hashes=b"".join(added)))
        return list(added)
    grown = known.hashes + b"".join(added)
    await rows.change(models.LogTile, {"id": identity}, hashes=grown)
    return hashes_in(grown)
