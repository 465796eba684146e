"""The badge: a small picture on somebody else's page that tells the truth about a certificate or a product by itself.

A pure function from facts to SVG, without scripts, links or ids, so that it can stand in an `img`, in a page or on a
poster. What the badge may say is decided before (the claim check); here the wording is one of two that were allowed.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from html import escape
from typing import Final, Literal, NamedTuple

from certificates.mark import HEIGHT, mark_lines
from certificates.sheet import TEMPLATES, Locale, long_date, shown_amount

Layout = Literal["line", "card", "round"]
Theme = Literal["light", "dark"]


class BadgeState(StrEnum):
    """What is true now. `sandbox` stands before all others: a test badge shows nothing but that it is one."""

    COVERED = "covered"
    PARTLY_COVERED = "partly_covered"
    OVERSOLD = "oversold"
    PERIOD_OVER = "period_over"
    REVOKED = "revoked"
    SANDBOX = "sandbox"


class Wording(StrEnum):
    """`contribution` speaks of paying for projects and never of a product's emissions: for consumer pages in the EU."""

    OFFSET = "offset"
    CONTRIBUTION = "contribution"


class ShareOutOfRange(ValueError):
    """A share lies between 0 and 1000 thousandths; whoever rounds it rounds down."""

    code = "share_out_of_range"


@dataclass(frozen=True, slots=True)
class BadgeFacts:
    """`covered_g` in grams of CO2e; `share_per_mille` of the emissions that is covered; `until` the last day, Japan time.

    `number` is the certificate's or the product's public number, `mark_sha256` the hash that its mark is drawn from.
    """

    state: BadgeState
    subject: str
    covered_g: int
    share_per_mille: int
    until: date
    number: str
    mark_sha256: str
    wording: Wording = Wording.OFFSET

    def __post_init__(self) -> None:
        if not 0 <= self.share_per_mille <= 1000:
            raise ShareOutOfRange(f"{self.share_per_mille} is not between 0 and 1000")


_PAPERS: Final[Mapping[Theme, tuple[str, str, str, str]]] = {
    "light": ("#fbf9f4", "#1d1c1a", "#5c5953", "#b9b4aa"),
    "dark": ("#16181d", "#ece8df", "#a9a498", "#4a4d55"),
}
_GREEN: Final = {"light": "#1f5c3d", "dark": "#7fc79d"}
_AMBER: Final = {"light": "#7a4f00", "dark": "#e0b057"}
_VERMILION: Final = {"light": "#a92f18", "dark": "#f0876c"}
_VIOLET: Final = {"light": "#5a2a8c", "dark": "#c3a0ee"}
_COLOURS: Final = {
    BadgeState.COVERED: _GREEN,
    BadgeState.PARTLY_COVERED: _AMBER,
    BadgeState.OVERSOLD: _VERMILION,
    BadgeState.PERIOD_OVER: _AMBER,
    BadgeState.REVOKED: _VERMILION,
    BadgeState.SANDBOX: _VIOLET,
}
# A shape of its own for each state, 12 units wide, so that colour never carries the meaning alone.
_SHAPES: Final[Mapping[BadgeState, str]] = {
    BadgeState.COVERED: "M1.5 6.5l3 3.2 6-7.2",
    BadgeState.PARTLY_COVERED: "M6 1a5 5 0 1 0 0 10zM6 1a5 5 0 0 1 0 10",
    BadgeState.OVERSOLD: "M6 1l5.2 9.5H.8zM6 4.4v3M6 8.6v.6",
    BadgeState.PERIOD_OVER: "M2 1h8L6 6l4 5H2l4-5z",
    BadgeState.REVOKED: "M1 1h10v10H1zM3.5 3.5l5 5M8.5 3.5l-5 5",
    BadgeState.SANDBOX: "M1 5l4-4M1 11L11 1M7 11l4-4",
}
_FONT: Final = "'Hiragino Sans','Yu Gothic UI','Noto Sans JP','Noto Sans CJK JP',system-ui,sans-serif"
_UNSAFE: Final = re.compile("[&<>\"'\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@cache
def badge_words(locale: Locale) -> Mapping[str, Mapping[str, str]]:
    """The words of the badges in one language, by table and key."""
    return tomllib.loads((TEMPLATES / f"badge.{locale}.toml").read_text(encoding="utf-8"))


class _Phrases(NamedTuple):
    """The words of one state in one wording and language; `sentence` is to be filled in."""

    title: str
    short: str
    note: str
    sentence: str
    units: Mapping[str, str]
    brand: str


class _Look(NamedTuple):
    """The state, the theme's colours, and the state's own colour in that theme."""

    state: BadgeState
    paper: str
    ink: str
    faded: str
    hairline: str
    accent: str


class _Texts(NamedTuple):
    """What stands on one badge, not yet escaped. `amount` is None where nothing valid stands behind the badge."""

    subject: str
    short: str
    amount: str | None
    amount_and_share: str
    until: str
    number: str
    whole: str
    phrases: _Phrases


def badge_svg(facts: BadgeFacts, *, layout: Layout, theme: Theme, locale: Locale) -> str:
    """The badge as an SVG document of 88 x 31 (line), 320 x 120 (card) or 160 x 160 (round) units.

    Its accessible name (the title) is a whole sentence. Text that is too long for its place is squeezed a little and then cut off;
    the name has all of it. Raises: NotASha256.
    """
    state = _shown_state(facts)
    texts = _texts(facts, state, locale)
    look = _look(state, theme)
    width, height, draw = _LAYOUTS[layout]
    name = _escaped(texts.whole)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" font-family="{_FONT}" fill="{look.ink}"><title>{name}</title>'
        f"{draw(facts.mark_sha256, texts, look)}</svg>"
    )


def _shown_state(facts: BadgeFacts) -> BadgeState:
    """A contribution does not speak of a product's coverage, so nothing can be partly covered or sold beyond it."""
    if facts.wording is Wording.CONTRIBUTION and facts.state in _ABOUT_COVERAGE:
        return BadgeState.COVERED
    return facts.state


_ABOUT_COVERAGE: Final = (BadgeState.PARTLY_COVERED, BadgeState.OVERSOLD)
_WITHOUT_AMOUNT: Final = (BadgeState.REVOKED, BadgeState.SANDBOX)


@cache
def _look(state: BadgeState, theme: Theme) -> _Look:
    return _Look(state, *_PAPERS[theme], _COLOURS[state][theme])


@cache
def _phrases(state: BadgeState, wording: Wording, locale: Locale) -> _Phrases:
    tables = badge_words(locale)
    words = tables["words"]
    return _Phrases(
        title=tables[wording][state],
        short=tables[f"{wording}_short"][state],
        note=tables["note"][state if state in _WITHOUT_AMOUNT else wording],
        sentence=tables[f"{wording}_long"][state],
        units={unit: words[f"unit_{unit}"] for unit in ("t", "kg", "g")},
        brand=words["brand"],
    )


@lru_cache(maxsize=1_024)
def _until(day: date, locale: Locale) -> str:
    return badge_words(locale)["words"]["until"].format(date=long_date(day, locale))


def _texts(facts: BadgeFacts, state: BadgeState, locale: Locale) -> _Texts:
    phrases = _phrases(state, facts.wording, locale)
    figure, unit = shown_amount(facts.covered_g)
    amount = f"{figure} {phrases.units[unit]}"
    share = f"{facts.share_per_mille // 10}.{facts.share_per_mille % 10} %"
    until = _until(facts.until, locale)
    whole = phrases.sentence.format(subject=facts.subject, amount=amount, share=share, until=until)
    return _Texts(
        facts.subject,
        f"{phrases.short} {share}" if state is BadgeState.PARTLY_COVERED else phrases.short,
        None if state in _WITHOUT_AMOUNT else amount,
        f"{amount} · {share}" if state in _ABOUT_COVERAGE else amount,
        until,
        facts.number,
        f"{whole} {facts.number}",
        phrases,
    )


def _line(mark: str, texts: _Texts, look: _Look) -> str:
    return (
        _ground("line", look)
        + _mark(mark, "plain", (3.5, 3.5), 24, look.accent)
        + _shape(look, (20, 5), 9)
        + _text(texts.short, (31, 13), 9, 54, f' font-weight="600" fill="{look.accent}"')
        + _text(texts.amount or texts.phrases.brand, (20, 25), 8, 65)
    )


def _card(mark: str, texts: _Texts, look: _Look) -> str:
    faded = f' fill="{look.faded}"'
    amount = _text(f"{texts.amount_and_share} · {texts.until}", (80, 71), 11, 230) if texts.amount else ""
    return (
        _ground("card", look)
        + _mark(mark, "fine", (14, 12), 96, look.ink)
        + _text(texts.subject, (80, 29), 13, 230, ' font-weight="600"')
        + _shape(look, (80, 40), 12)
        + _text(texts.phrases.title, (98, 51), 14, 212, f' font-weight="600" fill="{look.accent}"')
        + amount
        + _text(texts.phrases.note, (80, 89), 9, 230, faded)
        + _text(texts.number, (80, 107), 9, 150, faded)
        + _text(texts.phrases.brand, (310, 107), 9, 70, f'{faded} text-anchor="end"')
    )


def _round(mark: str, texts: _Texts, look: _Look) -> str:
    middle = ' text-anchor="middle"'
    faded = f'{middle} fill="{look.faded}"'
    title = texts.phrases.title if _width(texts.phrases.title, 12) <= 124 * _MOST_SQUEEZED else texts.short
    if texts.amount:
        below = _text(texts.amount_and_share, (80, 117), 10, 116, middle) + _text(texts.until, (80, 130), 8, 98, faded)
    else:
        below = _text(texts.phrases.note, (80, 118), 8, 118, faded)
    return (
        _ground("round", look)
        + f'<circle cx="80" cy="80" r="73" fill="none" stroke="{look.accent}" stroke-width="1.2"/>'
        + _mark(mark, "fine", (61, 16), 68, look.ink)
        + _text(title, (80, 102), 12, 124, f'{middle} font-weight="600" fill="{look.accent}"')
        + below
        + _shape(look, (74, 136), 12)
    )


_LAYOUTS: Final[Mapping[Layout, tuple[int, int, Callable[[str, _Texts, _Look], str]]]] = {
    "line": (88, 31, _line),
    "card": (320, 120, _card),
    "round": (160, 160, _round),
}
_CORNERS: Final[Mapping[Layout, int]] = {"line": 0, "card": 4, "round": 80}
_MOST_SQUEEZED: Final = 1.25


@cache
def _ground(layout: Layout, look: _Look) -> str:
    """Paper with a hairline; a test badge has a hatched edge that nobody takes for decoration."""
    if look.state is not BadgeState.SANDBOX:
        return _paper(layout, 0.5, f'fill="{look.paper}" stroke="{look.hairline}"')
    # dashes nearly as wide as their gaps make the hatch without a pattern, which would need an id
    edge = 2.5 if layout == "line" else 5
    hatched = f'fill="{look.paper}" stroke="{look.accent}" stroke-width="{edge}" stroke-dasharray="4 3"'
    inner = f'fill="{look.paper}" stroke="{look.accent}"'
    return _paper(layout, edge / 2, hatched) + _paper(layout, edge, inner)


def _paper(layout: Layout, inset: float, attributes: str) -> str:
    width, height, _ = _LAYOUTS[layout]
    return (
        f'<rect x="{inset}" y="{inset}" width="{width - 2 * inset}" height="{height - 2 * inset}"'
        f' rx="{max(0, _CORNERS[layout] - inset)}" {attributes}/>'
    )


@lru_cache(maxsize=1_024)
def _mark(sha256: str, detail: Literal["fine", "plain"], corner: tuple[float, float], height: int, colour: str) -> str:
    return (
        f'<g transform="translate({corner[0]} {corner[1]}) scale({height / HEIGHT:g})" fill="none" stroke="{colour}"'
        f' aria-hidden="true">{mark_lines(sha256, detail)}</g>'
    )


@cache
def _shape(look: _Look, corner: tuple[int, int], size: int) -> str:
    fill = look.accent if look.state is BadgeState.PERIOD_OVER else "none"
    return (
        f'<path transform="translate({corner[0]} {corner[1]}) scale({size / 12:g})" d="{_SHAPES[look.state]}"'
        f' fill="{fill}" stroke="{look.accent}" stroke-width="1.6"/>'
    )


@lru_cache(maxsize=4_096)
def _text(text: str, start: tuple[int, int], size: int, room: int, attributes: str = "") -> str:
    """One line of text within `room` units: squeezed by up to a fifth, then cut off."""
    squeeze = ""
    width = _width(text, size)
    if width > room:
        if width > room * _MOST_SQUEEZED:
            text = _cut(text, size, room * _MOST_SQUEEZED)
            width = _width(text, size)
        squeeze = f' textLength="{min(room, round(width))}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{start[0]}" y="{start[1]}" font-size="{size}"{squeeze}{attributes}>{_escaped(text)}</text>'


def _width(text: str, size: int) -> float:
    """An estimate on the wide side: a letter of ASCII is 0.55 of the size, every other character the whole."""
    return size * (len(text) - 0.45 * len(text.encode("ascii", "ignore")))


def _cut(text: str, size: int, room: float) -> str:
    """The start of the text with an ellipsis, together within `room`."""
    used = float(size)
    for index, character in enumerate(text):
        used += size * 0.55 if character.isascii() else size
        if used > room:
            return text[:index].rstrip() + "…"
    return text


def _escaped(text: str) -> str:
    """Safe in an attribute and in text; characters that XML forbids become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text)) if _UNSAFE.search(text) else text
