"""The drawing of a badge: a pure function from facts to SVG.

Without scripts, links or ids, so that it can stand in an `img`, in a page or on a poster. What the badge may say is decided
before (the claim check); here the wording is one of two that were allowed.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Final, Literal

from certificates.badges.facts import BadgeFacts
from certificates.badges.lettering import MOST_SQUEEZED, escaped, lettered, width_of
from certificates.badges.looks import Look, Theme, look_of, night_sheet
from certificates.badges.words import BadgeTexts, blank_texts, texts_of
from certificates.mark import HEIGHT, mark_lines
from certificates.sheet import Locale

Layout = Literal["line", "strip", "card", "round"]

DRAWINGS_KEPT: Final = 2_000
"""Of some three to seven kilobytes each."""

_FONT: Final = "'Hiragino Sans','Yu Gothic UI','Noto Sans JP','Noto Sans CJK JP',system-ui,sans-serif"
_BOLD: Final = ' font-weight="600"'
_MIDDLE: Final = ' text-anchor="middle"'
_END: Final = ' text-anchor="end"'


def badge_svg(facts: BadgeFacts, *, layout: Layout, theme: Theme, locale: Locale) -> str:
    """The badge as an SVG document; its size in units is `size_of(layout)`.

    Its accessible name (the title) is a whole sentence. Text that is too long for its place is squeezed a little and then
    cut off; the name has all of it. Raises: NotASha256.
    """
    look = look_of(facts.shown_state, theme, sandbox=facts.sandbox)
    sheet = night_sheet(facts.shown_state, sandbox=facts.sandbox) if theme == "auto" else ""
    return _document(facts.mark_sha256, texts_of(facts, locale), look, layout, sheet)


@lru_cache(maxsize=DRAWINGS_KEPT)
def kept_badge_svg(facts: BadgeFacts, layout: Layout, theme: Theme, locale: Locale) -> str:
    """badge_svg, drawn once for the same facts."""
    return badge_svg(facts, layout=layout, theme=theme, locale=locale)


@cache
def blank_svg(*, layout: Layout, theme: Theme, locale: Locale) -> str:
    """What stands where there is no badge: calm, and it says so."""
    sheet = night_sheet(None, sandbox=False) if theme == "auto" else ""
    return _document("", blank_texts(locale), look_of(None, theme, sandbox=False), layout, sheet)


def size_of(layout: Layout) -> tuple[int, int]:
    """Width and height in units, which are pixels on a page that asks for nothing else."""
    width, height, _ = _LAYOUTS[layout]
    return width, height


def style_source(svg: str) -> str | None:
    """The source expression that lets a content policy admit the style sheet of this drawing; None if it has none."""
    _, opening, rest = svg.partition("<style>")
    if not opening:
        return None
    digest = hashlib.sha256(rest.partition("</style>")[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _document(mark: str, texts: BadgeTexts, look: Look, layout: Layout, sheet: str) -> str:
    style = f"<style>{sheet}</style>" if sheet else ""
    title = f"<title>{escaped(texts.sentence)}</title>"
    return f"{_opening(layout, look.ink)}{title}{style}{_LAYOUTS[layout][2](mark, texts, look)}</svg>"


@cache
def _opening(layout: Layout, ink: str) -> str:
    width, height = size_of(layout)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" font-family="{_FONT}" fill="{ink}">'
    )


def _line(mark: str, texts: BadgeTexts, look: Look) -> str:
    return (
        _ground("line", look)
        + _mark(mark, "plain", (3.5, 3.5), 24, look.accent)
        + _shape(look, (20, 5), 9)
        + lettered(texts.short, (31, 13), 9, 53, f'{_BOLD} fill="{look.accent}"')
        + lettered(texts.amount or texts.brand, (20, 25), 8, 64)
    )


def _strip(mark: str, texts: BadgeTexts, look: Look) -> str:
    below = texts.amount_line or texts.note
    return (
        _ground("strip", look)
        + _mark(mark, "plain", (6, 6), 28, look.accent)
        + _shape(look, (28, 7), 10)
        + lettered(texts.title, (42, 16.5), 11, 190, f'{_BOLD} fill="{look.accent}"')
        + lettered(below, (28, 32), 9, 204)
    )


def _card(mark: str, texts: BadgeTexts, look: Look) -> str:
    faded = f' fill="{look.faded}"'
    lines = [(texts.amount_line, 11, ""), (texts.second_line, 10, ""), (texts.note, 9, faded)]
    shown = [line for line in lines if line[0]]
    # two lines stand wider apart than three
    heights = (66, 81, 94) if len(shown) == 3 else (71, 89)
    return (
        _ground("card", look)
        + _mark(mark, "fine", (14, 12), 96, look.ink)
        + lettered(texts.subject, (80, 29), 13, 228, _BOLD)
        + _shape(look, (80, 39), 12)
        + lettered(texts.title, (98, 50), 14, 210, f'{_BOLD} fill="{look.accent}"')
        + "".join(
            lettered(text, (80, y), size, 228, more) for (text, size, more), y in zip(shown, heights, strict=False)
        )
        + lettered(texts.number, (80, 109), 9, 150, faded)
        + lettered(texts.brand, (308, 109), 9, 74, faded + _END)
    )


def _round(mark: str, texts: BadgeTexts, look: Look) -> str:
    faded = f'{_MIDDLE} fill="{look.faded}"'
    title = texts.title if width_of(texts.title, 12) <= 122 * MOST_SQUEEZED else texts.short
    if texts.amount:
        below = lettered(texts.amount_and_share, (80, 117), 10, 114, _MIDDLE)
        below += lettered(texts.period, (80, 130), 8, 96, faded)
    else:
        below = lettered(texts.brand if look.hatched else texts.note, (80, 118), 9, 112, faded)
    return (
        _ground("round", look)
        + f'<circle cx="80" cy="80" r="73" fill="none" stroke="{look.accent}" stroke-width="1.2"/>'
        + _mark(mark, "fine", (61, 16), 68, look.ink)
        + lettered(title, (80, 102), 12, 122, f'{_MIDDLE}{_BOLD} fill="{look.accent}"')
        + below
        + _shape(look, (74, 135), 12)
    )


_LAYOUTS: Final[Mapping[Layout, tuple[int, int, Callable[[str, BadgeTexts, Look], str]]]] = {
    "line": (88, 31, _line),
    "strip": (240, 40, _strip),
    "card": (320, 120, _card),
    "round": (160, 160, _round),
}
_CORNERS: Final[Mapping[Layout, int]] = {"line": 0, "strip": 3, "card": 4, "round": 80}


@cache
def _ground(layout: Layout, look: Look) -> str:
    """Paper with a hairline; a test badge has a hatched edge that nobody takes for decoration."""
    if not look.hatched:
        return _paper(layout, 0.5, f'fill="{look.paper}" stroke="{look.hairline}"')
    # dashes nearly as wide as their gaps make the hatch without a pattern, which would need an id
    edge = 5 if layout in {"card", "round"} else 2.5
    hatched = f'fill="{look.paper}" stroke="{look.accent}" stroke-width="{edge}" stroke-dasharray="4 3"'
    inner = f'fill="{look.paper}" stroke="{look.accent}"'
    return _paper(layout, edge / 2, hatched) + _paper(layout, edge, inner)


def _paper(layout: Layout, inset: float, attributes: str) -> str:
    width, height = size_of(layout)
    return (
        f'<rect x="{inset:g}" y="{inset:g}" width="{width - 2 * inset:g}" height="{height - 2 * inset:g}"'
        f' rx="{max(0, _CORNERS[layout] - inset):g}" {attributes}/>'
    )


@lru_cache(maxsize=1_024)
def _mark(sha256: str, detail: Literal["fine", "plain"], corner: tuple[float, float], height: int, colour: str) -> str:
    """The tread of a hash; where there is none, the place where one would stand."""
    if not sha256:
        x, y = corner
        return (
            f'<rect x="{x + height * 0.07:g}" y="{y + 1:g}" width="{height * 0.42:g}" height="{height - 2:g}"'
            f' rx="{height * 0.21:g}" fill="none" stroke="{colour}" stroke-dasharray="2 2"/>'
        )
    return (
        f'<g transform="translate({corner[0]:g} {corner[1]:g}) scale({height / HEIGHT:g})" fill="none" stroke="{colour}"'
        f' aria-hidden="true">{mark_lines(sha256, detail)}</g>'
    )


@cache
def _shape(look: Look, corner: tuple[int, int], size: int) -> str:
    fill = look.accent if look.filled else "none"
    return (
        f'<path transform="translate({corner[0]} {corner[1]}) scale({size / 12:g})" d="{look.shape}"'
        f' fill="{fill}" stroke="{look.accent}" stroke-width="1.6"/>'
    )
