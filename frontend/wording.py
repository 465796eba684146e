"""Words for codes. What other rooms call `venue_energy` or `too_large` gets its words in locale/<tag>/<table>.toml.

A sentence may hold `{names}` of parameters. A code without words is a fault of the release, found by the tests, and
raises here: an untranslated code must never reach a page.
"""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from frontend.formatting import number
from frontend.locales import Locale

LOCALES = Path(__file__).parent / "locale"


class NoWords(LookupError):
    """A code has no words in a locale."""

    code = "no_words"

    def __init__(self, table: str, key: str, locale: Locale) -> None:
        super().__init__(f"locale/{locale}/{table}.toml has no words for {key!r}")


def words(table: str, key: str, locale: Locale, params: Mapping[str, object] | None = None) -> str:
    """Return the words for `key` ("category.venue_energy" walks into [category]) with `params` filled in.

    Integers and decimals are grouped as the locale writes them; texts stand as they are. Raises: NoWords for a code
    without words, KeyError for a sentence that wants a parameter it was not given.
    """
    entry = table_of(table, locale).get(key)
    if entry is None:
        raise NoWords(table, key, locale)
    return entry.format_map({name: _in_words(value, locale) for name, value in (params or {}).items()})


@cache
def table_of(table: str, locale: Locale) -> Mapping[str, str]:
    """All words of one table, with dotted keys."""
    with (LOCALES / locale / f"{table}.toml").open("rb") as source:
        return dict(_flat(tomllib.load(source), ""))


def _flat(entries: Mapping[str, object], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in entries.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", str(value)))
    return found


def _in_words(value: object, locale: Locale) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return number(value, locale=locale)
    return str(value)
