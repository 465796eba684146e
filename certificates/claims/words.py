"""Finding words that a claim must not use, however they are written."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from certificates.claims.judge import Audience

_FILE = Path(__file__).with_name("words.toml")


@dataclass(frozen=True, slots=True)
class ForbiddenWord:
    """`explanation` by language says what to write instead."""

    id: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    audience: Audience | None
    valid_from: date | None
    source: str
    explanation: dict[str, str]

    def applies(self, audience: Audience, on: date) -> bool:
        return self.audience in {None, audience} and (self.valid_from is None or self.valid_from <= on)


@dataclass(frozen=True, slots=True)
class Found:
    """`text` is the place as it reads after normalisation."""

    word: ForbiddenWord
    text: str


def find_words(text: str, *, audience: Audience, on: date) -> list[Found]:
    """Every forbidden word in a text, in the order of the list."""
    normal = _normalised(text)
    found: list[Found] = []
    for word in load_words():
        if not word.applies(audience, on):
            continue
        searched = word.unless.sub("\n", normal) if word.unless else normal
        found.extend(Found(word, match.group()) for match in word.pattern.finditer(searched))
    return found


@cache
def load_words() -> tuple[ForbiddenWord, ...]:
    with _FILE.open("rb") as file:
        rows = tomllib.load(file)["word"]
    return tuple(
        ForbiddenWord(
            id=row["id"],
            pattern=re.compile(row["pattern"]),
            unless=re.compile(row["unless"]) if "unless" in row else None,
            audience=None if row["audience"] == "all" else Audience(row["audience"]),
            valid_from=row.get("from"),
            source=row["source"],
            explanation={"ja": row["ja"], "en": row["en"]},
        )
        for row in rows
    )


def _normalised(text: str) -> str:
    """Full and half width alike, lower case; blanks become hyphens between Latin words and vanish elsewhere."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    normal = re.sub(r"[‐‑‒–—―−_]", "-", normal)
    normal = re.sub(r"(?<=[a-z0-9])\s+(?=[a-z0-9])", "-", normal)
    return re.sub(r"\s+", "", normal)
