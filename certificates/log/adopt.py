"""A restored backup knows less than was published: take the missing leaves over from a saved copy, so that the log goes on.

Whoever mirrors or audits the log has such a copy. Our own signature on its checkpoint says that we published every leaf of it, and
the consistency of the two trees that ours is its beginning. Leaves hold hashes and figures, no statements: a certificate whose
row was lost stays lost (certificates/log/missing.py names it), but its grams are on the books again as spent, so that none is
certified a second time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import F
from ulid import ULID

from certificates import models, rows
from certificates.backing import OnRecord, put_backing_on_record
from certificates.log.audit import ReadFile, audit, entries_of, tree_root
from certificates.log.checkpoint import Checkpoint, LogTrust
from certificates.log.leaves import Leaf, LoggedShare, Revoked, decode_leaf
from certificates.log.lost import lost_leaves, spent_by
from certificates.log.merkle import leaf_hash
from certificates.log.notes import Note, read_note
from certificates.log.sequencer import Placed, head_locked, place, root_at
from certificates.records import CertificateState
from certificates.statement import GRAMS_PER_TONNE

REASON = "published_before_a_restore"
_AT_ONCE = 500


class CopyNotLonger(Exception):
    """The copy holds nothing that our log has not; there is nothing to take over."""

    code = "log_copy_not_longer"

    def __init__(self, ours: int, theirs: int) -> None:
        super().__init__(f"the copy has {theirs} entries, our log has {ours} and begins with them")
        self.ours, self.theirs = ours, theirs


class CertifiedAgain(Exception):
    """Grams of a lost certificate are in another one here, which was issued after the backup was restored; as LogForked."""

    code = "log_grams_certified_again"

    def __init__(self, subject: str) -> None:
        super().__init__(f"what the copy has certified of {subject} has been certified here once more")
        self.subject = subject


class LogForked(Exception):
    """Our log or its waiting leaves say something else than the copy: work went on after the backup was restored.

    Restore the backup again, keep web and workers stopped, and adopt first. If entries that differ were published already, the log
    has two views; then end it at its last common checkpoint and begin another under a new address and key.
    """

    code = "log_forked"

    def __init__(self, at: int, why: str) -> None:
        super().__init__(f"the logs part at entry {at}: {why}")
        self.at = at


@dataclass(frozen=True, slots=True)
class SavedCopy:
    """A whole log that our key signed, read and checked; `note` carries its signatures."""

    checkpoint: Checkpoint
    note: Note
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Adopted:
    """How the log grew, and the leaves of certificates that are not on our books."""

    size_before: int
    size: int
    lost: tuple[Leaf, ...]


def read_copy(read: ReadFile, trust: LogTrust) -> SavedCopy:
    """Read and check a copy; no database. Raises as audit."""
    checkpoint = audit(read, trust).checkpoint
    entries = tuple(entries_of(read, checkpoint.size))
    note = read_note(read("checkpoint").decode())
    own = tuple(signature for signature in note.signatures if signature.is_from(trust.key))
    return SavedCopy(checkpoint, Note(note.text, own), entries)


async def adopt(copy: SavedCopy, *, now: datetime) -> Adopted:
    """Append what the copy has beyond our log, with its checkpoint. Runs inside the caller's transaction.

    Raises: CopyNotLonger, LogForked, CertifiedAgain, and MalformedLeaf for a leaf that this version does not know.
    """
    start = await head_locked()
    hashes = [leaf_hash(entry) for entry in copy.entries]
    await _check_beginning(start, hashes)
    leaves = [decode_leaf(entry) for entry in copy.entries[start:]]
    known, ours = await _known(leaves)
    placed, new = [], []
    for offset, (entry, leaf) in enumerate(zip(copy.entries[start:], leaves, strict=True)):
        event = known.get((leaf.number, leaf.event))
        if event is None:
            event = models.LogEvent(
                id=f"log_{ULID.from_datetime(now)}",
                number=leaf.number,
                event=leaf.event,
                leaf=entry,
                lost=leaf.number not in ours,
            )
            new.append((event, leaf))
        elif event.leaf != entry:
            raise LogForked(start + offset, f"{leaf.event} {leaf.number} waits here with another content")
        placed.append(Placed(event.id, entry))
    before = await lost_leaves()
    await rows.insert(*(event for event, _ in new))
    await _end([leaf for event, leaf in new if not event.lost])
    lost = tuple(leaf for event, leaf in new if event.lost)
    await _count_as_spent(lost, before)
    await place(start, placed)
    if await root_at(len(copy.entries)) != copy.checkpoint.root:
        raise LogForked(start, "the tiles here do not grow into the copy's root")
    await rows.insert(models.LogCheckpoint(size=copy.checkpoint.size, note=str(copy.note), signed_at=now))
    await rows.change(models.LogHead, {"id": 1}, size=copy.checkpoint.size)
    return Adopted(start, copy.checkpoint.size, lost)


async def _check_beginning(start: int, hashes: Sequence[bytes]) -> None:
    """Raises LogForked unless one of the two logs begins with the other, and CopyNotLonger if ours does with the copy."""
    common = min(start, len(hashes))
    if common and await root_at(common) != tree_root(hashes[:common]):
        raise LogForked(common - 1, "this entry or one before it differs")
    if len(hashes) <= start:
        raise CopyNotLonger(start, len(hashes))


async def _known(leaves: Sequence[Leaf]) -> tuple[dict[tuple[str, str], models.LogEvent], set[str]]:
    """Leaves of ours that the copy has too, since they waited for a position when the backup was made; and whose certificates
    are here."""
    events: dict[tuple[str, str], models.LogEvent] = {}
    ours: set[str] = set()
    for start in range(0, len(leaves), _AT_ONCE):
        numbers = [leaf.number for leaf in leaves[start : start + _AT_ONCE]]
        events |= {(event.number, event.event): event for event in await models.LogEvent.filter(number__in=numbers)}
        ours |= {row.number for row in await models.Certificate.filter(number__in=numbers).only("id", "number")}
    return events, ours


async def _end(leaves: Iterable[Leaf]) -> None:
    """What was published as revoked is revoked here. A correction ends with the row of its replacement, which is lost."""
    for leaf in leaves:
        if isinstance(leaf, Revoked):
            certificate = await models.Certificate.get(number=leaf.number)
            await models.CertificateEnd.create(
                certificate_id=certificate.id,
                kind=CertificateState.REVOKED.value,
                reason=REASON,
                replaced_by=None,
                ended_at=leaf.at,
            )


async def _count_as_spent(lost: Sequence[Leaf], before: Sequence[Leaf]) -> None:
    """`before` were lost at an earlier time, and count already: what corrects one of them takes its grams over."""
    counted = {leaf.number for leaf in before}
    spent = [leaf for leaf in await spent_by([*before, *lost]) if not {leaf.number, leaf.replaces} & counted]
    shares = [share for leaf in spent for share in leaf.shares]
    await put_backing_on_record({share.reference: _on_record(share) for share in shares})
    for share in shares:
        left = models.CertifiedCancellation.filter(
            our_reference=share.reference, certified_g__lte=share.cancelled_g - share.grams
        )
        if await left.update(certified_g=F("certified_g") + share.grams) != 1:
            raise CertifiedAgain(share.reference)
    for part in (part for leaf in spent for part in leaf.from_pool or ()):
        pool = models.PoolCertificate.filter(number=part.parent, handed_g__lte=F("grams") - part.grams)
        if await pool.update(handed_g=F("handed_g") + part.grams) != 1 and await _pool_is_ours(part.parent):
            raise CertifiedAgain(part.parent)


async def _pool_is_ours(number: str) -> bool:
    """A pool that is lost itself hands nothing on here."""
    return await models.PoolCertificate.exists(number=number)


def _on_record(share: LoggedShare) -> OnRecord:
    tonnes = share.cancelled_g // GRAMS_PER_TONNE
    return OnRecord(share.reference, share.registry, share.block, tonnes, frozenset(share.serials))
