"""The mark of a certificate: the tread (足跡) of one foot in engraved lines, drawn from a hash.

Two people who hold the same certificate see the same mark at a glance. It is decoration with a purpose and never the
proof: anyone can copy a drawing, so nothing is verified by it, and the SVG says so itself.
Algorithm: docs/algorithms/mark.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isqrt
from typing import Final, Literal

from certificates.engraving import (
    ONE,
    TURN,
    Point,
    closed_path,
    cosine,
    evenly_spaced,
    interpolated,
    open_path,
    pushed_out,
    sine,
)

WIDTH: Final = 560
HEIGHT: Final = 1000

Detail = Literal["fine", "plain"]

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_AXIS: Final = WIDTH // 2
_TOE: Final = 12
_HEEL: Final = 988
_ARCH_FROM: Final = 672
_ARCH_TO: Final = 698
# Half widths of the sole from toe to heel at even steps, towards the other foot and away from it.
_INNER: Final = (196, 212, 226, 232, 226, 204, 166, 128, 110, 116, 134, 146, 146)
_OUTER: Final = (190, 206, 222, 232, 232, 224, 208, 190, 178, 172, 172, 170, 164)
_TOE_ROUNDING: Final = 250
_HEEL_ROUNDING: Final = 190
_RIM: Final = 32
_REACH: Final = 240
_SCAN: Final = 16
_TREAD_INSET: Final = 44
_PIVOT_Y: Final = 292
_PIVOT_RADIUS: Final = 92


class NotASha256(ValueError):
    """A mark is drawn from 64 lower-case hex digits and from nothing else."""

    code = "mark_needs_sha256"


@dataclass(frozen=True, slots=True)
class _Field:
    """How the tread lines of one part of the sole flow. Units: drawing units, angles in 1/TURN."""

    top: int
    bottom: int
    pitch: int
    family: int
    bend: int
    waves: int
    swing: int
    phase: int
    drift: int

    def at(self, x: int, base: int) -> int:
        """Where the line with this base line runs at x."""
        u = (x - _AXIS) * ONE // 230
        shape = _FAMILIES[self.family](u)
        wave = sine(u * self.waves * TURN // (2 * ONE) + self.phase + self.drift * (base - self.top) // HEIGHT)
        return base + shape * self.bend // ONE + wave * self.swing // ONE


def _chevron(u: int) -> int:
    """A rounded V; |u| is softened near the axis so that the point is a curve."""
    return ONE - 2 * (u * u // (abs(u) + ONE // 8))


def _arc(u: int) -> int:
    return ONE - 2 * u * u // ONE


def _slant(u: int) -> int:
    return sine(u * TURN // (2 * ONE))


_FAMILIES: Final = (_chevron, _arc, _slant, lambda u: -_arc(u), lambda u: -_chevron(u))


@dataclass(frozen=True, slots=True)
class _Plan:
    """All that the hash decides."""

    left_foot: bool
    forefoot: _Field
    heel: _Field
    lobes: int
    petals: int
    depth: int
    turn: int


class _Draws:
    """Takes small numbers off a hash, one after another, like the digits of a mixed-radix number."""

    def __init__(self, sha256_hex: str) -> None:
        self._rest = int(sha256_hex, 16)

    def below(self, bound: int) -> int:
        self._rest, drawn = divmod(self._rest, bound)
        return drawn


def _plan(sha256_hex: str) -> _Plan:
    draws = _Draws(sha256_hex)

    def a_field(top: int, bottom: int, bars: int) -> _Field:
        return _Field(
            top=top,
            bottom=bottom,
            pitch=(bottom - top) // bars,
            family=draws.below(len(_FAMILIES)),
            bend=14 + draws.below(33),
            waves=1 + draws.below(3),
            swing=5 + draws.below(15),
            phase=draws.below(TURN),
            drift=(draws.below(17) - 8) * TURN // 8,
        )

    return _Plan(
        left_foot=draws.below(2) == 1,
        forefoot=a_field(40, _ARCH_FROM, 8 + draws.below(3)),
        heel=a_field(_ARCH_TO, 970, 4 + draws.below(2)),
        lobes=24 + draws.below(9),
        petals=5 + draws.below(7),
        depth=26 + draws.below(15),
        turn=draws.below(TURN),
    )


def _half_width(knots: tuple[int, ...], y: int, inset: int) -> int:
    top, bottom = _TOE + inset, _HEEL - inset
    if not top < y < bottom:
        return 0
    width = interpolated(knots, (y - _TOE) * ONE // (_HEEL - _TOE)) - inset
    for from_end, rounding in ((y - top, _TOE_ROUNDING - inset), (bottom - y, _HEEL_ROUNDING - inset)):
        if from_end < rounding:
            missing = rounding - from_end
            width = width * isqrt((rounding * rounding - missing * missing) * 256) // (rounding * 16)
    return max(0, width)


@lru_cache(maxsize=16)
def _edges(left_foot: bool, inset: int) -> tuple[tuple[int, int], ...]:
    """Left and right edge of the sole for every whole y."""
    inner, outer = ([_half_width(knots, y, inset) for y in range(HEIGHT)] for knots in (_INNER, _OUTER))
    left, right = (outer, inner) if left_foot else (inner, outer)
    return tuple((_AXIS - a, _AXIS + b) for a, b in zip(left, right, strict=True))


def _contour(left_foot: bool, inset: int) -> list[Point]:
    """The sole as a fine closed polygon, clockwise from the toe."""
    steps, middle, half = 180, (_TOE + _HEEL) // 2, (_HEEL - _TOE) // 2 - inset
    heights = [middle - cosine(k * (TURN // 2) // steps) * half // ONE for k in range(steps + 1)]
    sides = [(_edges(left_foot, inset)[y], y) for y in heights]
    return [(right, y) for (_, right), y in sides] + [(left, y) for (left, _), y in sides[-2:0:-1]]


def _braid(plan: _Plan) -> str:
    """Two sine waves of opposite phase round the rim."""
    ring = evenly_spaced(_contour(plan.left_foot, _RIM // 2), plan.lobes * 4)
    swings = [13 * sine(k * TURN // 4) // ONE for k in range(len(ring))]
    return "".join(closed_path(pushed_out(ring, way)) for way in (swings, [-swing for swing in swings]))


def _rosette(plan: _Plan) -> str:
    """Three equal flowers, each a third of a petal further, under the ball of the foot."""
    paths = []
    for copy in range(3):
        points = []
        for k in range(plan.petals * 6):
            swing = sine(k * TURN // 6 + copy * TURN // 3)
            radius = _PIVOT_RADIUS * (ONE * (100 - plan.depth) + plan.depth * swing) // (100 * ONE)
            angle = k * TURN // (plan.petals * 6) + plan.turn
            points.append((_AXIS + radius * cosine(angle) // ONE, _PIVOT_Y + radius * sine(angle) // ONE))
        paths.append(closed_path(points))
    return "".join(paths)


def _runs(plan: _Plan, field: _Field, base: int, inset: int, clearing: int) -> Iterator[tuple[int, int]]:
    """The stretches of x on which a line lies inside the sole and outside the pivot."""
    edges = _edges(plan.left_foot, inset)

    def inside(x: int) -> bool:
        y = field.at(x, base)
        if not field.top <= y <= field.bottom:
            return False
        left, right = edges[y]
        return left <= x <= right and (x - _AXIS) ** 2 + (y - _PIVOT_Y) ** 2 > clearing * clearing

    def border(within: int, beyond: int) -> int:
        """The last x inside, between one inside and one outside."""
        while abs(beyond - within) > 1:
            middle = (within + beyond) // 2
            within, beyond = (middle, beyond) if inside(middle) else (within, middle)
        return within

    start = None
    previous = _AXIS - _REACH
    for x in range(previous, _AXIS + _REACH + _SCAN, _SCAN):
        if inside(x):
            start = border(x, previous) if start is None else start
        elif start is not None:
            yield start, border(previous, x)
            start = None
        previous = x


def _tread(plan: _Plan, field: _Field, offsets: tuple[int, ...], *, inset: int, clearing: int, shortest: int) -> str:
    """The lines of every bar that stand at `offsets` (per cent of the pitch) below the bar's base line."""
    paths = []
    step = (60, 45, 36)[field.waves - 1]
    for bar in range(field.top - 2 * field.pitch, field.bottom + 2 * field.pitch, field.pitch):
        for offset in offsets:
            base = bar + field.pitch * offset // 100
            for start, end in _runs(plan, field, base, inset, clearing):
                if end - start < shortest:
                    continue
                parts = max(3, (end - start + step // 2) // step)
                xs = [start + (end - start) * k // parts for k in range(parts + 1)]
                paths.append(open_path([(x, field.at(x, base)) for x in xs]))
    return "".join(paths)


def _fine(plan: _Plan) -> str:
    thin, thick = (
        "".join(
            _tread(plan, field, offsets, inset=_TREAD_INSET, clearing=_PIVOT_RADIUS + 13, shortest=64)
            for field in (plan.forefoot, plan.heel)
        )
        for offsets in ((0, 57), (19, 38))
    )
    rims = "".join(closed_path(evenly_spaced(_contour(plan.left_foot, inset), 40)) for inset in (0, _RIM))
    return (
        f'<path stroke-width="4" d="{thin}"/><path stroke-width="6" d="{thick}"/>'
        f'<path stroke-width="3" d="{rims}"/><path stroke-width="2" d="{_braid(plan)}{_rosette(plan)}"/>'
    )


def _plain(plan: _Plan) -> str:
    """For 24 px to some 64 px: a bare tread, fewer bars of one stroke each that flow as the fine ones do."""
    bars = "".join(
        _tread(plan, replace(field, pitch=(field.bottom - field.top) // bars), (50,), inset=26, clearing=0, shortest=60)
        for field, bars in ((plan.forefoot, 7), (plan.heel, 3))
    )
    return f'<path stroke-width="48" stroke-linecap="round" d="{bars}"/>'


@lru_cache(maxsize=256)
def mark_lines(sha256_hex: str, detail: Detail = "fine") -> str:
    """The strokes alone, for a drawing that places them itself: SVG elements in a box of WIDTH x HEIGHT units.

    They carry stroke widths only; colour, `fill="none"` and position come from the element around them.
    Raises: NotASha256.
    """
    if not _HASH.fullmatch(sha256_hex):
        raise NotASha256("a mark is drawn from 64 lower-case hex digits")
    plan = _plan(sha256_hex)
    return _plain(plan) if detail == "plain" else _fine(plan)


def mark_svg(sha256_hex: str, *, detail: Detail = "fine") -> str:
    """The mark as an SVG document in the colour of the text around it.

    `fine` is for print and for 64 px and more, under 6 000 bytes; `plain` is for icons down to 24 px. Both are hidden
    from assistive technology: they say nothing that the certificate's text does not say. Raises: NotASha256.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false"'
        ' fill="none" stroke="currentColor">'
        "<desc>Decoration drawn from the certificate's hash. It proves nothing.</desc>"
        f"{mark_lines(sha256_hex, detail)}</svg>"
    )
