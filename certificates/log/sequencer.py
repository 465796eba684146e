"""Leaves get positions, tiles and a signed checkpoint: all in one transaction, so that no crash leaves a gap or a fork.

A leaf is written together with what it tells of (`append`, called by certificates/service.py) and waits without a
position. One sequencer at a time moves waiting leaves into the tree. Its signature leaves the database only with the
commit, so the log never signs two trees of one size.
"""

from collections.abc import Sequence
from datetime import datetime

from ulid import ULID

from certificates import models
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
    await models.LogEvent.bulk_create(
        models.LogEvent(
            id=f"log_{ULID.from_datetime(at)}", number=leaf.number, event=leaf.event, leaf=encode_leaf(leaf)
        )
        for leaf in leaves
    )


async def sequence(signer: NoteSigner, *, now: datetime, limit: int = BATCH) -> Note | None:
    """Move up to `limit` waiting leaves into the tree and sign the new checkpoint; None if nothing was waiting.

    Runs inside the caller's transaction.
    """
    head = await models.LogHead.all().select_for_update().get(id=1)
    waiting = await models.LogPending.all().order_by("event_id").limit(limit)
    if not waiting:
        return None
    ids = [row.event_id for row in waiting]
    leaves = {event.id: event.leaf for event in await models.LogEvent.filter(id__in=ids)}
    size = head.size + len(ids)
    await models.LogEntry.bulk_create(
        models.LogEntry(position=head.size + offset, event_id=identity) for offset, identity in enumerate(ids)
    )
    await models.LogPending.filter(event_id__in=ids).delete()
    await _grow(head.size, [leaf_hash(leaves[identity]) for identity in ids])
    tiles = await load_tiles(tiles_for_ranges([(0, size)], size))
    note = sign_checkpoint(Checkpoint(signer.key.name, size, root_of(0, size, reader(tiles, size))), signer)
    await models.LogCheckpoint.create(size=size, note=str(note), signed_at=now)
    await models.LogHead.filter(id=1).update(size=size)
    return note


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
    known = await models.LogTile.get_or_none(id=identity)
    if known is None:
        await models.LogTile.create(id=identity, hashes=b"".join(added))
        return list(added)
    grown = known.hashes + b"".join(added)
    await models.LogTile.filter(id=identity).update(hashes=grown)
    return hashes_in(grown)
