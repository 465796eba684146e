"""Geometry of the charts that the server draws. Integers only; the templates write the SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

RULER_WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a ruler in thousandths of its width."""

    start: int
    width: int


def share_ruler(values: Sequence[int]) -> tuple[Segment, ...]:
    """Lay `values` end to end over the whole ruler; edges are rounded once each, so the stretches always fill it.

    Raises: ZeroDivisionError if all values are 0, since nothing has no shares.
    """
    whole = sum(values)
    edges = [0]
    reached = 0
    for value in values:
        reached += value
        edges.append(reached * RULER_WIDTH // whole)
    return tuple(Segment(start, end - start) for start, end in pairwise(edges))


def stretch(low: int, high: int, largest: int) -> Segment:
    """The part of a row from `low` to `high` when `largest` fills it; what exists never vanishes altogether."""
    if largest == 0:
        return Segment(0, 0)
    start = low * RULER_WIDTH // largest
    width = high * RULER_WIDTH // largest - start
    return Segment(start, max(4, width) if high > low else 0)


def bar_width(value: int, largest: int) -> int:
    """Width of one bar in thousandths when the largest fills the row; what exists never vanishes altogether."""
    if value == 0:
        return 0
    return max(4, value * RULER_WIDTH // largest)
