"""The letters of a PDF in fewer bytes: outlines without hints, on a coarser grid.

More than half of a Japanese certificate is outlines of kanji. typst embeds them with the hints that screens of ninety dots per
inch needed, on a grid of 1,000 to the em. A unit of this grid is 0.015 mm at the size of the text and 0.08 mm at that of the largest
figure, and no point of an outline moves by more than one. Widths stay as they were, to the thousandth.
"""

import io
from collections.abc import Iterable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final

from fontTools.cffLib import CFFFontSet, PrivateDict
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.recordingPen import RecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen

GRID: Final = 200
"""Units to the em."""
_HALF_A_UNIT: Final = 0.5
"""A curve that stays this close to its chord is drawn as a line."""

Point = tuple[float, float]
Step = tuple[str, tuple[Point, ...]]


def lighter_font(cff: bytes) -> bytes:
    """The same letters, by the same numbers and as wide, from a CFF font for CIDs without subroutines, as typst embeds them.

    The same input gives the same bytes; a font on this grid or a coarser one stays as it is.
    """
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(cff), None)
    font = fonts[0]
    scale = font.FontMatrix[0] * GRID
    if round(scale, 6) >= 1:
        return cff
    for name in font.charset:
        letter = font.CharStrings[name]
        widths = letter.private.nominalWidthX, letter.private.defaultWidthX
        letter.bytecode, letter.program = _lighter(letter.bytecode, widths, scale), None
    for part in font.FDArray:
        part.Private = PrivateDict()
        part.Private.rawDict = {"defaultWidthX": GRID}
    font.FontMatrix = [1 / GRID, 0, 0, 1 / GRID, 0, 0]
    font.FontBBox = [round(edge * scale) for edge in font.FontBBox]
    written = io.BytesIO()
    fonts.compile(written, SimpleNamespace(recalcBBoxes=False))
    return written.getvalue()


@lru_cache(maxsize=20_000)
def _lighter(outline: bytes, widths: tuple[int, int], scale: float) -> bytes:
    """About a millisecond each; certificates share most of their letters, and all kept ones together take a few megabytes."""
    nominal, default = widths
    old: Any = T2CharString(
        bytecode=outline, private=SimpleNamespace(nominalWidthX=nominal, defaultWidthX=default), globalSubrs=[]
    )
    drawn = RecordingPen()
    old.draw(drawn)
    pen = T2CharStringPen(None, None, roundTolerance=0)
    for step, points in _simplified(drawn.value, scale):
        getattr(pen, step)(*points)
    new: Any = pen.getCharString(optimize=True)
    if old.width * scale != GRID:
        new.program.insert(0, old.width * scale)
    new.compile()
    return bytes(new.bytecode)


def _simplified(steps: Iterable[Step], scale: float) -> list[Step]:
    """On the grid, with lines for curves that are nearly straight and one line for several in a row."""
    simple: list[Step] = []
    here: Point = (0, 0)
    for drawn, points in steps:
        exact = [(x * scale, y * scale) for x, y in points]
        flat = drawn == "curveTo" and max(_beside(guide, here, exact[-1]) for guide in exact[:2]) < _HALF_A_UNIT
        step, exact = ("lineTo", exact[-1:]) if flat else (drawn, exact)
        on_grid = tuple((round(x), round(y)) for x, y in exact)
        if step == "lineTo":
            if on_grid[0] == simple[-1][1][-1]:
                continue
            if simple[-1][0] == "lineTo" and _straight_on(simple[-2][1][-1], simple[-1][1][0], on_grid[0]):
                simple.pop()
        simple.append((step, on_grid))
        if exact:
            here = exact[-1]
    return simple


def _straight_on(first: Point, middle: Point, last: Point) -> bool:
    """Whether the middle point adds nothing: it lies on the line, between its ends."""
    (xa, ya), (xb, yb), (xc, yc) = first, middle, last
    ahead = (xb - xa) * (xc - xb) + (yb - ya) * (yc - yb)
    return ahead > 0 and _beside(middle, first, last) < _HALF_A_UNIT / 2


def _beside(point: Point, start: Point, end: Point) -> float:
    """How far a point lies beside the line from start to end."""
    (x, y), (xa, ya), (xb, yb) = point, start, end
    dx, dy = xb - xa, yb - ya
    length = (dx * dx + dy * dy) ** 0.5
    if length == 0:
        return float(((x - xa) ** 2 + (y - ya) ** 2) ** 0.5)
    return float(abs((x - xa) * dy - (y - ya) * dx) / length)
