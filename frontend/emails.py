"""Mails in their reader's language: templates/emails/<message>/<locale>.txt, the first line is the subject.

Plain text on purpose: it reads the same everywhere, carries no tracking, and a link is seen before it is pressed.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache

from jinja2 import Environment

from frontend.formatting import day, moment
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.rendering import environment
from marketplace.mail.post import JSON, Worded, Wording

_SANDBOX = {Locale.JA: "【サンドボックス】", Locale.EN: "[Sandbox] "}


def wording_for(*, sandbox: bool, site: str) -> Wording:
    """`site` is where the service is reached, without a slash at the end; templates know it as `site`."""

    def word(message: str, locale: str, params: Mapping[str, JSON]) -> Worded:
        """Raises jinja2.TemplateNotFound for an unknown message, UndefinedError for a parameter that is missing."""
        language = Locale(locale)
        template = _environment(language).get_template(f"emails/{message}/{language}.txt")
        subject, _, text = template.render(**params, site=site, sandbox=sandbox).partition("\n")
        # a parameter in the subject may hold a line break, but never makes a second line: filter `line`
        return Worded(f"{_SANDBOX[language] if sandbox else ''}{subject}", text.strip() + "\n")

    return word


@cache
def _environment(locale: Locale) -> Environment:
    """As for pages, but for text: nothing is escaped for HTML, and parameters are JSON."""
    mails = environment(locale).overlay(autoescape=False, keep_trailing_newline=True)
    mails.filters = {
        **mails.filters,
        "registry": MarketWords(locale).registry,
        "line": lambda text: " ".join(str(text).split()),
        "iso_day": lambda text: day(date.fromisoformat(text), locale=locale),
        "iso_moment": lambda text: moment(datetime.fromisoformat(text), locale=locale),
    }
    return mails
