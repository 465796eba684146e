"""Artwork for packages and posters: mark, QR code of the short address, and where it leads.

Print cannot turn when the state does, so it states none: it asks to look at the present one, which is true for ever. One colour,
all letters as outlines, sizes in millimetres. Colours are given as screen black; CMYK is for the printer to set.
"""

import json
from dataclasses import dataclass
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from certificates.badges.facts import BadgeKind, Wording
from certificates.badges.words import badge_words
from certificates.mark import mark_svg
from certificates.qr import qr_svg
from certificates.sheet import Locale
from certificates.typesetting import to_pdf, to_svg

ArtworkForm = Literal["tall-20", "tall-30", "tall-50", "wide-45", "wide-70", "wide-120"]
FORMS: Final[tuple[ArtworkForm, ...]] = get_args(ArtworkForm)
"""Shape and width in millimetres. The smallest keep modules of the code at 0.4 mm."""


@dataclass(frozen=True, slots=True)
class Artwork:
    """`url` is the short address that the code carries; `mark_sha256` as on the badge."""

    kind: BadgeKind
    wording: Wording
    number: str
    url: str
    mark_sha256: str
    sandbox: bool


def artwork_pdf(artwork: Artwork, form: ArtworkForm, locale: Locale, *, timestamp: int) -> bytes:
    """One page of the artwork's size, fonts embedded (PDF/A); `timestamp` in seconds of 1970. Raises: UrlTooLong."""
    return to_pdf("artwork", _inputs(artwork, form, locale), timestamp=timestamp)


def artwork_svg(artwork: Artwork, form: ArtworkForm, locale: Locale) -> str:
    """The same with letters as outlines. Raises: UrlTooLong."""
    return to_svg("artwork", _inputs(artwork, form, locale))


def _inputs(artwork: Artwork, form: ArtworkForm, locale: Locale) -> dict[str, str]:
    words = badge_words(locale)["print"]
    shape, width = form.split("-")
    subject = "certificate" if artwork.kind is BadgeKind.CERTIFICATE else artwork.wording.value
    texts = {
        "locale": locale,
        "shape": shape,
        "width": int(width),
        "headline": words[subject],
        "invitation": words["invitation"],
        "number": artwork.number,
        "host": urlsplit(artwork.url).netloc,
        "test": words["test"] if artwork.sandbox else None,
        "described": words["described"].format(url=artwork.url),
    }
    return {
        "artwork": json.dumps(texts, ensure_ascii=False),
        "mark": mark_svg(artwork.mark_sha256).replace("currentColor", "#000"),
        "code": qr_svg(artwork.url),
    }
