"""Texts that an operator may edit without touching code: content/<language>/<page>.toml, one file per page.

A text in 【】 is a gap that only the operator can fill (name, address, liability …). The sandbox shows the gaps as they are;
a live start is refused while there is one, see `refuse_gaps`.
"""

import re
import tomllib
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from frontend.locales import Locale

CONTENT = Path(__file__).parent / "content"
PAGES = ("help", "faq", "glossary", "law", "terms", "privacy")
_GAP = re.compile("【[^】]*】")


class ContentGaps(Exception):
    """Legal texts are not complete; `gaps` names file and gap, for the person who fills them in."""

    code = "content_gaps"

    def __init__(self, gaps: tuple[str, ...]) -> None:
        super().__init__("fill these in before going live: " + "; ".join(gaps))
        self.gaps = gaps


class Section(BaseModel):
    """Paragraphs, then pairs of label and text; either may be missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    heading: str
    text: tuple[str, ...] = ()
    items: tuple[tuple[str, str], ...] = ()


class Content(BaseModel):
    """`version` stands in the texts that people agree to: a new one, in both languages, is asked for again (frontend/agreement.py)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    lead: str
    section: tuple[Section, ...]
    version: date | None = None

    def gaps(self) -> tuple[str, ...]:
        texts = [text for part in self.section for text in (*part.text, *(value for _, value in part.items))]
        return tuple(gap for text in texts for gap in _GAP.findall(text))


@cache
def content(page: str, locale: Locale) -> Content:
    """One page in one language. Raises: pydantic.ValidationError on a file that does not have the shape."""
    with (CONTENT / locale / f"{page}.toml").open("rb") as source:
        return Content.model_validate(tomllib.load(source))


def gaps() -> tuple[str, ...]:
    """Every gap that is still open, as "ja/law.toml 【所在地】"."""
    return tuple(
        f"{locale}/{page}.toml {gap}" for locale in Locale for page in PAGES for gap in content(page, locale).gaps()
    )


def refuse_gaps() -> None:
    """For the start of a live service. Raises: ContentGaps."""
    if found := gaps():
        raise ContentGaps(found)
