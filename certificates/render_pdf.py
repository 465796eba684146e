"""A certificate on paper: PDF/A-3a and PDF/UA-1, with the credential and the record attached, by typst.

The same input gives the same bytes: the document's date is the date of issue, fonts come from installed packages and
never from the system, and nothing else from outside gets in.
"""

import json
import re
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import noto_cjk_sans_jp_regular
import pylopdf_fonts_jp
import typst

from certificates.mark import mark_svg
from certificates.pdf_packing import packed
from certificates.sheet import TEMPLATES, Locale, sheet, strings
from certificates.statement import Disclosures, Statement

_STANDARDS: Final = ["a-3a", "ua-1"]
_INK: Final = "#1d1c1a"
_MISSING: Final = re.compile(r'error: (?:PDF/\S+ error: )?the text `"(.+?)"` could not be displayed')
_FORBIDDEN: Final = re.compile(r'the text contains the disallowed codepoint `"(.+?)"`')
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]+)\}")


class TextNotPrintable(ValueError):
    """A text holds characters that no font of the certificate has, or that may not stand in a document for archives."""

    code = "text_not_printable"

    def __init__(self, characters: str) -> None:
        named = ", ".join(f"U+{ord(character):04X}" for character in characters)
        super().__init__(f"cannot be printed: {named}; use other characters for the name")
        self.characters = characters


def render_pdf(
    statement: Statement,
    disclosures: Disclosures,
    *,
    verification_url: str,
    qr_svg: str,
    locale: Locale,
    credential_jwt: str,
    finish: Callable[[bytes], bytes] = packed,
) -> bytes:
    """The certificate as a PDF of A4 pages, two in the ordinary case.

    `qr_svg` is drawn 34 mm wide and brings its own quiet zone. `finish` writes the file in its last form: packed, or packed
    and signed (certificates/pdf_signing.py). Attached: certificate.jwt, statement.json (the canonical JSON),
    disclosures.json. Raises: TextNotPrintable, DisclosureNotCommitted.
    """
    content = sheet(statement, disclosures, verification_url=verification_url, locale=locale)
    attached = {
        "credential": credential_jwt,
        "statement": statement.canonical_json().decode(),
        "disclosures": _disclosures_json(disclosures),
    }
    inputs = attached | {
        "sheet": json.dumps(content | {"attachments": _attachments(locale)}, ensure_ascii=False),
        "mark": mark_svg(statement.sha256()).replace("currentColor", _INK),
        "qr": qr_svg,
    }
    return finish(_compile("certificate", inputs, timestamp=int(statement.issued_at.timestamp())))


def check_printable(text: str) -> None:
    """Tell before a text is bought and frozen whether the certificate can show it. Raises: TextNotPrintable."""
    _compile("printable", {"text": text}, timestamp=0)


def _disclosures_json(disclosures: Disclosures) -> str:
    opened = {field.value: disclosure.model_dump() for field, disclosure in disclosures.items()}
    return json.dumps(opened, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _attachments(locale: Locale) -> list[dict[str, str]]:
    words = strings(locale)["words"]
    files = (
        ("certificate.jwt", "credential", "source", "application/vc+jwt"),
        ("statement.json", "statement", "data", "application/json"),
        ("disclosures.json", "disclosures", "supplement", "application/json"),
    )
    return [
        {
            "name": name,
            "input": source,
            "relationship": relationship,
            "media_type": media_type,
            "description": words[f"attachment_{source}"],
        }
        for name, source, relationship, media_type in files
    ]


@cache
def _fonts() -> Any:
    """The families of certificate.typ. typst's own fonts stand in for Latin letters that the Japanese ones lack."""
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


def _compile(template: str, inputs: dict[str, str], *, timestamp: int) -> bytes:
    try:
        pdf: bytes = _compiler(template).compile(
            format="pdf", pdf_standards=_STANDARDS, sys_inputs=inputs, timestamp=timestamp
        )
    except typst.TypstError as error:
        found = [*_MISSING.findall(error.diagnostic), *_FORBIDDEN.findall(error.diagnostic)]
        if not found:
            raise
        raise TextNotPrintable(_characters(found)) from error
    return pdf


def _characters(quoted: list[str]) -> str:
    """The characters behind typst's quotations, each once, in order of appearance."""
    plain = (_ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) for text in quoted)
    return "".join(dict.fromkeys("".join(plain)))
