"""The words of the exports in one language: titles, entries, notes."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from certificates.exports.model import Entry
from certificates.sheet import Locale

_FOLDER = Path(__file__).parent


@cache
def words_of(locale: Locale) -> Mapping[str, Mapping[str, str]]:
    """By table and key."""
    return tomllib.loads((_FOLDER / f"words.{locale}.toml").read_text(encoding="utf-8"))


def group_label(entry: Entry, locale: Locale) -> str:
    """The heading an entry stands under, with its number where there are several."""
    label = words_of(locale)["group"][entry.group]
    return f"{label} {entry.number}" if entry.number else label


def note_of(entry: Entry, locale: Locale) -> str:
    return words_of(locale)["note"][entry.note] if entry.note else ""
