"""The languages people can read the site in, and how one is chosen for a visitor."""

from enum import StrEnum

import babel


class Locale(StrEnum):
    """The value is the language tag in addresses and in `<html lang>`."""

    JA = "ja"
    EN = "en"

    @classmethod
    def of_tag(cls, tag: str) -> "Locale | None":
        """The locale written as `tag` in an address, or None if it is none of ours."""
        return next((locale for locale in cls if locale.value == tag), None)

    @property
    def babel(self) -> babel.Locale:
        """Where numbers and dates get their form: Japanese of Japan, English of Britain."""
        return _BABEL[self]

    @property
    def own_name(self) -> str:
        return _OWN_NAMES[self]


_BABEL = {Locale.JA: babel.Locale("ja", "JP"), Locale.EN: babel.Locale("en", "GB")}
_OWN_NAMES = {Locale.JA: "日本語", Locale.EN: "English"}


def negotiate(accept_language: str) -> Locale:
    """Return the locale a browser prefers by its Accept-Language header; Japanese if it names none of ours.

    An entry that cannot be read counts as absent: a strange header must not keep anyone out.
    """
    wishes: list[tuple[float, int, Locale]] = []
    for position, entry in enumerate(accept_language.split(",")):
        tag, _, parameters = entry.partition(";")
        locale = Locale.of_tag(tag.strip().lower().partition("-")[0])
        quality = _quality(parameters)
        if locale and quality > 0:
            wishes.append((-quality, position, locale))
    return min(wishes)[2] if wishes else Locale.JA


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
