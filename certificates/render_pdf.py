"""A certificate on paper: PDF/A-3a and PDF/UA-1, with the credential and the names attached, by typst.

The same input gives the same bytes: the document's date is the date of issue, and nothing from outside gets in.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from certificates.engraving import in_cubics
from certificates.mark import mark_svg
from certificates.pdf_packing import packed
from certificates.sheet import Locale, sheet, strings
from certificates.statement import Disclosures, Statement
from certificates.typesetting import TextNotPrintable, to_pdf

__all__ = ["TextNotPrintable", "check_printable", "is_known_printable", "render_pdf"]

_INK: Final = "#1d1c1a"
_CONJOINING_JAMO: Final = frozenset(map(chr, (*range(0x1100, 0x1200), *range(0xA960, 0xA980), *range(0xD7B0, 0xD800))))
_PATH: Final = re.compile(r' d="([^"]+)"')


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
    and signed (certificates/pdf_signing.py). Attached: certificate.jwt, which holds the statement, and disclosures.json. Raises: TextNotPrintable, DisclosureNotCommitted.
    """
    content = sheet(statement, disclosures, verification_url=verification_url, locale=locale)
    attached = {
        "credential": credential_jwt,
        "disclosures": _disclosures_json(disclosures),
    }
    inputs = attached | {
        "sheet": json.dumps(content | {"attachments": _attachments(locale)}, ensure_ascii=False),
        "mark": _mark(statement),
        "qr": qr_svg,
    }
    return finish(to_pdf("certificate", inputs, timestamp=int(statement.issued_at.timestamp())))


def _mark(statement: Statement) -> str:
    """In ink, and with the only curves a PDF knows."""
    drawing = mark_svg(statement.sha256()).replace("currentColor", _INK)
    return _PATH.sub(lambda path: f' d="{in_cubics(path[1])}"', drawing)


def check_printable(text: str) -> None:
    """Tell before a text is bought and frozen whether the certificate can show it: some milliseconds of work, unless
    is_known_printable. Raises: TextNotPrintable."""
    if not is_known_printable(text):
        to_pdf("printable", {"text": text}, timestamp=0)
        _printed.update(character for character in text if _stands_for_itself(character))


def is_known_printable(text: str) -> bool:
    """Whether this process has set each of these characters before."""
    return _printed.issuperset(text)


_printed: set[str] = set()
"""Never more than the fonts have."""


def _stands_for_itself(character: str) -> bool:
    """What is a mark on another character, joins others or is joined by them may be printable in one text and not in the next."""
    return (unicodedata.category(character)[0] in "LNPS" and character not in _CONJOINING_JAMO) or character == " "


def _disclosures_json(disclosures: Disclosures) -> str:
    opened = {field.value: disclosure.model_dump() for field, disclosure in disclosures.items()}
    return json.dumps(opened, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _attachments(locale: Locale) -> list[dict[str, str]]:
    words = strings(locale)["words"]
    files = (
        ("certificate.jwt", "credential", "source", "application/vc+jwt"),
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
