"""Templates in templates/*.typ become documents and pictures, by typst.

Fonts come from installed packages and never from the system, so that every machine sets the same page.
"""

import base64
import re
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import noto_cjk_sans_jp_regular
import pylopdf_fonts_jp
import typst

from certificates.sheet import TEMPLATES

_STANDARDS: Final = ["a-3a", "ua-1"]
# One point of the template is one pixel of the picture.
_PIXELS_PER_INCH: Final = 72.0
_MISSING: Final = re.compile(r'error: (?:PDF/\S+ error: )?the text `"(.+?)"` could not be displayed')
_FORBIDDEN: Final = re.compile(r'the text contains the disallowed codepoint `"(.+?)"`')
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]+)\}")

_DRAWING_INSIDE: Final = re.compile(
    r'<image(?P<place> transform="[^"]+")? xlink:href="data:image/svg\+xml;base64,(?P<drawing>[^"]+)"'
    r' width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)" preserveAspectRatio="none"/>'
)


class TextNotPrintable(ValueError):
    """A text holds characters that no font of the certificate has, or that may not stand in a document for archives."""

    code = "text_not_printable"

    def __init__(self, characters: str) -> None:
        named = ", ".join(f"U+{ord(character):04X}" for character in characters)
        super().__init__(f"cannot be printed: {named}; use other characters for the name")
        self.characters = characters


def to_pdf(template: str, inputs: Mapping[str, str], *, timestamp: int) -> bytes:
    """PDF/A-3a and PDF/UA-1; `timestamp` (seconds of 1970) is the document's date. Raises: TextNotPrintable."""
    try:
        pdf: bytes = _compiler(template).compile(
            format="pdf", pdf_standards=_STANDARDS, sys_inputs=dict(inputs), timestamp=timestamp
        )
    except typst.TypstError as error:
        found = [*_MISSING.findall(error.diagnostic), *_FORBIDDEN.findall(error.diagnostic)]
        if not found:
            raise
        raise TextNotPrintable(_characters(found)) from error
    return pdf


def to_png(template: str, inputs: Mapping[str, str]) -> bytes:
    """The only page of the template as a picture, as many pixels as the page has points."""
    png: bytes = _compiler(template).compile(format="png", ppi=_PIXELS_PER_INCH, sys_inputs=dict(inputs))
    return png


def to_svg(template: str, inputs: Mapping[str, str]) -> str:
    """The only page of the template as a drawing; letters are outlines, so it looks the same without our fonts.

    Drawings inside it become part of it: programs for print do not follow a picture in a picture.
    """
    svg: bytes = _compiler(template).compile(format="svg", sys_inputs=dict(inputs))
    return _DRAWING_INSIDE.sub(_inlined, svg.decode())


def _inlined(image: re.Match[str]) -> str:
    drawing = base64.b64decode(image["drawing"]).decode()
    width, height = image["width"], image["height"]
    return f'<g{image["place"] or ""}><svg width="{width}" height="{height}" {drawing.removeprefix("<svg ")}</g>'


@cache
def _fonts() -> Any:
    """The families of fonts.typ. typst's own fonts stand in for Latin letters that the Japanese ones lack."""
    packages = (pylopdf_fonts_jp, noto_cjk_sans_jp_regular)
    folders = [str(Path(str(package.__file__)).parent) for package in packages]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=folders)


_per_thread = threading.local()


def _compiler(template: str) -> Any:
    """One compiler for each thread and template: a compiler keeps what it parsed, and refuses two callers at once."""
    compilers: dict[str, Any] = _per_thread.__dict__.setdefault("compilers", {})
    if template not in compilers:
        compilers[template] = typst.Compiler(
            str(TEMPLATES / f"{template}.typ"), root=str(TEMPLATES), font_paths=_fonts(), ignore_system_fonts=True
        )
    return compilers[template]


def _characters(quoted: list[str]) -> str:
    """The characters behind typst's quotations, each once, in order of appearance."""
    plain = (_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) for text in quoted)
    return "".join(dict.fromkeys("".join(plain)))
