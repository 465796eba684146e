"""Leaves whose certificates went with the end of a restored backup, and what of their grams is counted as spent."""

from collections.abc import Iterable

from certificates.log.leaves import Issued, Leaf, decode_leaf
from certificates.models import Certificate, LogEvent


async def lost_leaves() -> list[Leaf]:
    """In the order in which they were taken over (certificates/log/adopt.py)."""
    return [decode_leaf(event.leaf) for event in await LogEvent.filter(lost=True).order_by("id")]


async def spent_by(lost: Iterable[Leaf]) -> list[Issued]:
    """Those whose own grams count: not handed on by a correction, nor held by the certificate of ours that they correct."""
    issued = [leaf for leaf in lost if isinstance(leaf, Issued)]
    replaced = {leaf.replaces for leaf in issued if leaf.replaces}
    ours = {row.number for row in await Certificate.filter(number__in=sorted(replaced))} if replaced else set()
    return [leaf for leaf in issued if leaf.number not in replaced and leaf.replaces not in ours]
