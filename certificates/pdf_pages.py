"""The drawing of a page in fewer bytes: what typst writes, without what is said twice.

Runs of text that follow each other share colour, font and one text object, and marked-content sequences that a reader program would only
put together again are one. A pattern that typst does not write any more is left alone: the page is then longer, not wrong.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# Everything that repeats is possessive: a page that is not as expected must not send the search back and forth for minutes.
_NUMBER: Final = rb"-?[\d.]++"
_LITERAL: Final = rb"\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*+\))*+\)"
_SHOWN: Final = rb"(?:\[(?:%b|<[0-9A-F]*+>|%b)*+\]TJ|%b ?Tj|<[0-9A-F]*> ?Tj)" % (_LITERAL, _NUMBER, _LITERAL)
_RUN: Final = re.compile(
    rb"q 1 0 0 -1 (?P<x>%b) (?P<y>%b) cm(?P<colour>/c\d+ cs [\d. ]++scn)\n"
    rb"BT 0 Tr(?P<font>/f\d+ %b Tf) 1 0 0 -1 0 0 Tm(?P<shown>%b)\nET\nQ\n" % (_NUMBER, _NUMBER, _NUMBER, _SHOWN),
    re.DOTALL,
)
_STROKES: Final = re.compile(rb"(?<= 4 M )((?:\d++ \d++\.5 m \d++ \d++\.5 l[ \n]){9,})B\n")
_STROKE: Final = re.compile(rb"(\d+) (\d+)\.5 m (\d+) \d+\.5 l[ \n]")
_MARK: Final = re.compile(
    rb"(?:EMC)?(?:/\w+<<(?:[^<>()]++|%b|<[0-9A-F]*+>|<<[^<>()]*+>>)*+>>BDC|/\w+ BMC)\n" % _LITERAL
)
_PLAIN_SPAN: Final = re.compile(rb"(EMC)?/Span<</MCID (\d+)>>BDC\n")
_NUMBERED: Final = re.compile(rb"/MCID (\d+)")
_TEXT: Final = re.compile(rb"%b|<(?P<hex>[0-9A-F]*)>" % _LITERAL, re.DOTALL)
_BRACKET: Final = re.compile(rb"\\(\\|[()])")
_CONTROL: Final = {b"\r": b"\\r", b"\n": b"\\n"}
_TO_ESCAPE: Final = re.compile(rb"[\\()\r\n]")


@dataclass(frozen=True, slots=True)
class Shortened:
    """`numbers` says which number each marked-content sequence has now; joined ones share one."""

    content: bytes
    numbers: dict[int, int]


def shortened(content: bytes, joinable: Collection[int]) -> Shortened:
    """`joinable` are the sequences that may become one with the sequence numbered before them, if they follow it."""
    content, numbers = _joined(content, joinable)
    content = _NUMBERED.sub(lambda found: b"/MCID %d" % numbers[int(found[1])], content)
    content = _STROKES.sub(_as_bars, _runs_together(content))
    return Shortened(content, numbers)


def _joined(content: bytes, joinable: Collection[int]) -> tuple[bytes, dict[int, int]]:
    pieces: list[bytes] = []
    numbers: dict[int, int] = {}
    taken = 0
    before: int | None = None
    at = 0
    for mark in _MARK.finditer(content):
        plain = _PLAIN_SPAN.fullmatch(mark[0])
        number = int(plain[2]) if plain else None
        if plain and plain[1] and number in joinable and before is not None and before + 1 == number:
            pieces.append(content[at : mark.start()])
            numbers[number] = numbers[before]
            at = mark.end()
        elif named := _NUMBERED.search(mark[0]):
            numbers[int(named[1])] = taken
            taken += 1
        before = number
    return b"".join([*pieces, content[at:]]), numbers


def _runs_together(content: bytes) -> bytes:
    """Each stretch of runs with nothing but marks between them says colour and font only where they change."""
    pieces: list[bytes] = []
    at = 0
    colour = font = b""
    for run in _RUN.finditer(content):
        between = content[at : run.start()]
        if _MARK.sub(b"", between).strip():
            colour = font = b""
        pieces.append(between)
        pieces.append(b"BT")
        if run["font"] != font:
            font = run["font"]
            pieces.append(font)
        if run["colour"] != colour:
            colour = run["colour"]
            pieces.append(colour)
        pieces.append(b" %b %b Td%b ET\n" % (_rounded(run["x"]), _rounded(run["y"]), _shown(run["shown"])))
        at = run.end()
    return b"".join([*pieces, content[at:]])


def _shown(shown: bytes) -> bytes:
    """The same glyphs and distances, with the bytes themselves where typst writes four characters for one."""
    return _TEXT.sub(_as_bytes, shown).replace(b")(", b"")


def _as_bytes(text: re.Match[bytes]) -> bytes:
    if text["hex"] is not None:
        glyphs = bytes.fromhex(text["hex"].decode())
    else:
        # octal numbers and letters for control characters mean what they mean in Python; brackets need no escape there
        plain = _BRACKET.sub(lambda escaped: escaped[0] if escaped[1] == b"\\" else escaped[1], text[0][1:-1])
        glyphs = plain.decode("unicode_escape").encode("latin-1")
    return b"(%b)" % _TO_ESCAPE.sub(_escaped, glyphs)


def _escaped(special: re.Match[bytes]) -> bytes:
    return _CONTROL.get(special[0], b"\\" + special[0])


def _as_bars(strokes: re.Match[bytes]) -> bytes:
    """Horizontal strokes one unit wide, which draw a code, as rectangles: five figures instead of six, and four of them short."""
    bars = (b"%b %b %d 1 re " % (x, y, int(end) - int(x)) for x, y, end in _STROKE.findall(strokes[1]))
    return b"".join(bars) + b"f\n"


@lru_cache(maxsize=4_096)
def _rounded(written: bytes) -> bytes:
    """To hundredths of a point, which is 4 micrometres."""
    return b"%g" % round(float(written), 2)
