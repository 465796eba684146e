"""What a saved copy of the public log has and our books do not: after a backup was restored, or a row was taken out by hand.

Whoever serves, mirrors or audits the log has such a copy, and our own signature on it says that we published every leaf of it.
"""

from collections.abc import Sequence
from itertools import islice

from certificates.log.audit import ReadFile, audit, entries_of
from certificates.log.checkpoint import LogTrust
from certificates.log.leaves import Leaf, decode_leaf
from certificates.models import LogEvent

_AT_ONCE = 500


async def missing_here(read: ReadFile, trust: LogTrust) -> Sequence[Leaf]:
    """The leaves of the copy that no certificate of ours stands behind byte for byte, in the copy's order. Raises as audit."""
    entries = entries_of(read, audit(read, trust).checkpoint.size)
    missing: list[Leaf] = []
    while piece := list(islice(entries, _AT_ONCE)):
        leaves = [decode_leaf(entry) for entry in piece]
        rows = await LogEvent.filter(number__in=[leaf.number for leaf in leaves], lost=False)
        known = {row.leaf for row in rows}
        missing += [leaf for entry, leaf in zip(piece, leaves, strict=True) if entry not in known]
    return missing
