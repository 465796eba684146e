"""The payment page's sentences in Japanese and English, and how it writes yen and times."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).with_name("locale")
LOCALES = ("ja", "en")
JAPAN = ZoneInfo("Asia/Tokyo")


@cache
def words(locale: str) -> Mapping[str, Any]:
    """All sentences of a locale by name; groups of them are mappings."""
    return tomllib.loads((FOLDER / f"{locale}.toml").read_text(encoding="utf-8"))


def choose_locale(asked: str | None, session_locale: str | None, accept_language: str) -> str:
    """What the visitor asked for on the page, else what the shop asked for, else what the browser prefers."""
    for wish in (asked, session_locale):
        if wish in LOCALES:
            return wish
    prefixes = [part.partition(";")[0].strip().lower()[:2] for part in accept_language.split(",")]
    return next((prefix for prefix in prefixes if prefix in LOCALES), "ja")


def yen(amount: int, locale: str) -> str:
    return f"{amount:,} 円" if locale == "ja" else f"¥{amount:,}"


def japan_time(seconds: int, locale: str) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(JAPAN)
    if locale == "ja":
        return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    return f"{moment.day} {moment:%B %Y, %H:%M}"
