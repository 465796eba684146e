"""Text in a place of a given width: squeezed a little, then cut off; and safe in XML whatever it holds."""

import re
import unicodedata
from functools import lru_cache
from html import escape
from typing import Final

MOST_SQUEEZED: Final = 1.25
_UNSAFE: Final = re.compile("[&<>\"'\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_JOINER: Final = "\u200d"


@lru_cache(maxsize=4_096)
def lettered(text: str, start: tuple[float, float], size: float, room: float, attributes: str = "") -> str:
    """One line of text within `room` units: squeezed by up to a fifth, then cut off. Nothing for an empty text."""
    if not text:
        return ""
    squeeze = ""
    width = width_of(text, size)
    if width > room:
        if width > room * MOST_SQUEEZED:
            text = cut(text, size, room * MOST_SQUEEZED)
            width = width_of(text, size)
        squeeze = f' textLength="{min(room, round(width))}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{start[0]}" y="{start[1]}" font-size="{size}"{squeeze}{attributes}>{escaped(text)}</text>'


def width_of(text: str, size: float) -> float:
    """An estimate on the wide side: a letter of ASCII is 0.55 of the size, every other character the whole."""
    return size * (len(text) - 0.45 * len(text.encode("ascii", "ignore")))


def cut(text: str, size: float, room: float) -> str:
    """The start of the text with an ellipsis, together within `room`. What belongs to one sign is not taken apart."""
    used, fits = size, 0
    for character in text:
        used += size * 0.55 if character.isascii() else size
        if used > room:
            break
        fits += 1
    else:
        return text
    while fits and (_continues(text[fits]) or text[fits - 1] == _JOINER):
        fits -= 1
    return text[:fits].rstrip() + "…"


def _continues(character: str) -> bool:
    """Accents, variation selectors, joiners, skin tones: what goes with the character before."""
    return unicodedata.category(character) in {"Mn", "Me", "Cf"} or "\U0001f3fb" <= character <= "\U0001f3ff"


def escaped(text: str) -> str:
    """Safe in an attribute and in text; characters that XML forbids become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text)) if _UNSAFE.search(text) else text
