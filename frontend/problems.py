"""Error codes become sentences here and nowhere else (locale/<tag>/problems.toml)."""

from collections.abc import Mapping

from frontend.locales import Locale
from frontend.wording import words


def sentence(code: str, params: Mapping[str, object], locale: Locale) -> str:
    """Return what is wrong and what to do about it, in the visitor's language.

    Raises: NoWords for a code without a sentence; KeyError if the sentence wants a parameter that is not in `params`.
    """
    return words("problems", code, locale, params)
