"""The picture of a certificate for previews of its address, 1200 by 630 pixels: the same facts as its page, fewer of them."""

import json
from typing import Final
from urllib.parse import urlsplit

from certificates.mark import mark_svg
from certificates.sheet import Locale, sheet
from certificates.statement import DisclosedField, Disclosures, Statement
from certificates.typesetting import to_png

WIDTH: Final = 1200
HEIGHT: Final = 630
_INK: Final = "#1c1b19"
# A figure or a name that would run into the mark is set smaller.
_LONG_FIGURE: Final = 7
_LONG_NAME: Final = 22
_LONGEST_NAME: Final = 60


def card_png(
    statement: Statement, disclosures: Disclosures, *, verification_url: str, locale: Locale, state: str | None
) -> bytes:
    """`state` is the word for a certificate that has ended, None for one that stands. Raises: DisclosureNotCommitted."""
    content = sheet(statement, disclosures, verification_url=verification_url, locale=locale)
    words = content["words"]
    shown = DisclosedField.BENEFICIARY in disclosures
    name = content["name"] if shown else f"{words['beneficiary']}: {words['withheld']}"
    figure = content["amount"]["figure"]
    card = {
        "locale": locale,
        "sandbox": content["sandbox"],
        "sandbox_words": words["sandbox"],
        "issuer": words["issuer"],
        "state": state,
        "title": words["title"],
        "figure": figure,
        "figure_size": 120 if len(figure) <= _LONG_FIGURE else 82,
        "unit": content["amount"]["unit"],
        "name": name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…",
        "name_size": 34 if len(name) <= _LONG_NAME else 25,
        "number": content["number"],
        "address": urlsplit(verification_url).netloc,
    }
    mark = mark_svg(statement.sha256()).replace("currentColor", _INK)
    return to_png("card", {"card": json.dumps(card, ensure_ascii=False), "mark": mark})
