"""Fine-line drawing in whole numbers: sine, smooth paths, even spacing along a contour.

Every value is an integer, so a drawing has the same bytes on every machine; there is no libm and no float in it.
Lengths are drawing units, angles 1/TURN of a turn, ratios 1/ONE.
"""

import re
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import isqrt
from typing import Final

TURN: Final = 1024
ONE: Final = 4096

Point = tuple[int, int]


def _quarter_wave() -> tuple[int, ...]:
    """ONE x sin over the first quarter turn by the Taylor series in exact decimals; 12 terms are far below 1/ONE."""
    step = Decimal("6.283185307179586476925286766559") / TURN
    table = []
    for index in range(TURN // 4 + 1):
        x = step * index
        term = total = x
        for odd in range(3, 27, 2):
            term *= -x * x / (odd * (odd - 1))
            total += term
        table.append(int((total * ONE).to_integral_value()))
    return tuple(table)


_QUARTER: Final = _quarter_wave()


def sine(angle: int) -> int:
    """ONE x sin(angle)."""
    quadrant, rest = divmod(angle % TURN, TURN // 4)
    value = _QUARTER[TURN // 4 - rest] if quadrant % 2 else _QUARTER[rest]
    return -value if quadrant >= 2 else value


def cosine(angle: int) -> int:
    """ONE x cos(angle)."""
    return sine(angle + TURN // 4)


def interpolated(knots: Sequence[int], position: int) -> int:
    """Catmull-Rom curve through evenly spaced knots at `position` (in 1/ONE of the whole, clamped to it)."""
    steps = len(knots) - 1
    index, t = divmod(min(max(position, 0), ONE - 1) * steps, ONE)
    a, b, c, d = (knots[min(max(index + offset, 0), steps)] for offset in (-1, 0, 1, 2))
    cubic = (3 * (b - c) + d - a) * t // ONE + 2 * a - 5 * b + 4 * c - d
    return ((cubic * t // ONE + c - a) * t // ONE + 2 * b) // 2


def evenly_spaced(contour: Sequence[Point], count: int) -> list[Point]:
    """`count` points at equal distances along a closed polygon, from its first corner on."""
    corners = [*contour, contour[0]]
    reached = [0]
    for (x0, y0), (x1, y1) in pairwise(corners):
        reached.append(reached[-1] + isqrt(((x1 - x0) ** 2 + (y1 - y0) ** 2) * 10_000))
    points, side = [], 0
    for k in range(count):
        wanted = reached[-1] * k // count
        while reached[side + 1] <= wanted:
            side += 1
        along, length = wanted - reached[side], reached[side + 1] - reached[side]
        (x0, y0), (x1, y1) = corners[side], corners[side + 1]
        points.append((x0 + (x1 - x0) * along // length, y0 + (y1 - y0) * along // length))
    return points


def pushed_out(ring: Sequence[Point], distances: Sequence[int]) -> list[Point]:
    """Each point of a closed ring (drawn clockwise) moved outwards by its distance, at right angles to the ring."""
    pushed = []
    for k, ((x, y), distance) in enumerate(zip(ring, distances, strict=True)):
        (xa, ya), (xb, yb) = ring[k - 2], ring[(k + 2) % len(ring)]
        tx, ty = xb - xa, yb - ya
        length = max(1, isqrt(tx * tx + ty * ty))
        pushed.append((x + ty * distance // length, y - tx * distance // length))
    return pushed


def open_path(guides: Sequence[Point]) -> str:
    """A quadratic B-spline from the first guide to the last (at least three): SVG path data.

    Guides are put on even coordinates: then each joint, the middle of two guides, is whole too, and the short command
    `t`, which mirrors the last guide, hits the next one exactly and never drifts.
    """
    even = _even(guides)
    return _curve([even[0], *_middles(even[1:-1]), even[-1]], even[1])


def closed_path(guides: Sequence[Point]) -> str:
    """The same spline closed into a ring."""
    even = _even(guides)
    return _curve(_middles([even[-1], *even, even[0]]), even[0]) + "z"


_PATH = re.compile(r"M(-?\d+ ?-?\d+)q([-\d ]+)(?:t([-\d ]+))?(z?)")
_NUMBER = re.compile(r"-?\d+")


def in_cubics(path: str) -> str:
    """The same drawing for formats that know cubic curves only, on whole coordinates: at most a unit and a half beside the original.

    Two curves become one where that serves. A converter that nobody told to round writes each guide with eight digits.
    """
    return "".join(
        _cubics(_numbers(start), [*_numbers(first), *_numbers(rest)], close)
        for start, first, rest, close in _PATH.findall(path)
    )


def _numbers(text: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(text)]


def _cubics(start: Sequence[int], steps: Sequence[int], close: str) -> str:
    """`steps` are the first guide and joint, then joints alone, each relative to the joint before."""
    curves = deque(_quadratics(start, steps))
    pieces = [f"M{start[0]} {start[1]}C"]
    while curves:
        joint, guide, end = curves.popleft()
        if curves and _nearly_one(joint, guide, curves[0]):
            _, last_guide, end = curves.popleft()
            guides = (*_beyond(joint, guide), *_beyond(end, last_guide))
        else:
            guides = (*_third(joint, guide), *_third(end, guide))
        pieces.append(" ".join(str(number) for number in (*guides, *end)) + " ")
    return "".join(pieces).strip() + close


def _quadratics(start: Sequence[int], steps: Sequence[int]) -> list[tuple[Point, Point, Point]]:
    """Joint, guide and joint of each curve."""
    x, y = start
    guide, joints = (x + steps[0], y + steps[1]), list(zip(steps[2::2], steps[3::2], strict=True))
    curves = []
    for dx, dy in joints:
        end = (x + dx, y + dy)
        curves.append(((x, y), guide, end))
        guide, (x, y) = (2 * end[0] - guide[0], 2 * end[1] - guide[1]), end
    return curves


def _nearly_one(start: Point, guide: Point, following: tuple[Point, Point, Point]) -> bool:
    """Whether one cubic through the joint between two curves is at most a unit beside them.

    It is farthest from them halfway along each, by 1/32 of the sum below: the joint lies in the middle of their guides.
    """
    _, last_guide, end = following
    return all(abs(start[k] - 2 * guide[k] + 2 * last_guide[k] - end[k]) <= 32 for k in (0, 1))


def _third(joint: Point, guide: Point) -> Point:
    """A cubic's guide lies two thirds of the way from its joint to the quadratic's."""
    (x, y), (gx, gy) = joint, guide
    return (x + 2 * gx + 1) // 3, (y + 2 * gy + 1) // 3


def _beyond(joint: Point, guide: Point) -> Point:
    """The guide of a cubic that takes the place of two quadratics lies a third beyond the nearer one's."""
    (x, y), (gx, gy) = joint, guide
    return (4 * gx - x + 1) // 3, (4 * gy - y + 1) // 3


def _even(points: Sequence[Point]) -> list[Point]:
    return [((x + 1) // 2 * 2, (y + 1) // 2 * 2) for x, y in points]


def _middles(points: Sequence[Point]) -> list[Point]:
    return [((xa + xb) // 2, (ya + yb) // 2) for (xa, ya), (xb, yb) in pairwise(points)]


def _curve(joints: Sequence[Point], first_guide: Point) -> str:
    x, y = joints[0]
    steps = [f"{xb - xa} {yb - ya}" for (xa, ya), (xb, yb) in pairwise(joints)]
    rest = "t" + " ".join(steps[1:]) if steps[1:] else ""
    return f"M{x} {y}q{first_guide[0] - x} {first_guide[1] - y} {steps[0]}{rest}".replace(" -", "-")
