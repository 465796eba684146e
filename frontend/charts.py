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


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a chart: its left edge and width, its top and height, in units of the drawing. `series` counts from 0."""

    x: int
    y: int
    width: int
    height: int
    series: int


COLUMN_PLACE, CHART_HEIGHT = 100, 200


def columns(places: Sequence[Sequence[int]]) -> tuple[Column, ...]:
    """Columns that stand side by side at each place, on one scale: the largest fills the height, what exists can be seen."""
    largest = max((value for place in places for value in place), default=0)
    drawn = []
    for number, place in enumerate(places):
        width = (COLUMN_PLACE - 30) // max(1, len(place))
        for series, value in enumerate(place):
            height = max(2, value * CHART_HEIGHT // largest) if value else 0
            drawn.append(
                Column(number * COLUMN_PLACE + 15 + series * width, CHART_HEIGHT - height, width, height, series)
            )
    return tuple(drawn)


@dataclass(frozen=True, slots=True)
class Gauge:
    """How far `covered` reaches over what is to be covered, in thousandths of the drawing; `goal` is where all of it ends."""

    reached: int
    goal: int


def gauge(covered: int, needed: int) -> Gauge:
    """More than is needed moves the goal to the left; something covered can be seen, and less than all never looks like all."""
    if needed <= 0:
        return Gauge(RULER_WIDTH, 0) if covered else Gauge(0, RULER_WIDTH)
    whole = max(covered, needed)
    goal = needed * RULER_WIDTH // whole
    reached = bar_width(covered, whole)
    return Gauge(min(reached, goal - 4) if covered < needed else reached, goal)
