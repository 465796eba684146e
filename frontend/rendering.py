"""Jinja environments, one per language: what a reader gets is in the reader's language, whoever caused it."""

from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from frontend import charts, formatting
from frontend.assets import static_url
from frontend.catalogues import translations
from frontend.context import address
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.wording import words

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, *, locale: Locale, **context: object) -> str:
    """Render `template` (a path under templates/) in `locale`. An unknown name in a template is an error."""
    return environment(locale).get_template(template).render(context)


@cache
def environment(locale: Locale) -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        # a running process serves the templates it was started with
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    catalogue = translations(locale)
    jinja.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        catalogue.gettext, catalogue.ngettext, newstyle=True, pgettext=catalogue.pgettext, npgettext=catalogue.npgettext
    )
    jinja.globals |= {
        "Locale": Locale,
        "locale": locale,
        "static_url": static_url,
        "url": partial(address, locale),
        "address": address,
        "words": lambda table, key, **params: words(table, key, locale, params),
        "registry_name": MarketWords(locale).registry,
        "sentence": lambda code, params: sentence(code, params, locale),
        "share_ruler": charts.share_ruler,
        "bar_width": charts.bar_width,
        "stretch": charts.stretch,
        "columns": charts.columns,
        "gauge": charts.gauge,
    }
    jinja.filters |= {
        "mass": formatting.mass,
        "mass_parts": formatting.mass_parts,
        "kilograms": formatting.kilograms,
        "tonnes_rounded": formatting.tonnes_rounded,
        "number": partial(formatting.number, locale=locale),
        "number_parts": partial(formatting.number_parts, locale=locale),
        "yen": partial(formatting.yen, locale=locale),
        "percent_of": formatting.percent,
        "day": partial(formatting.day, locale=locale),
        "month": partial(formatting.month, locale=locale),
        "period": partial(formatting.period, locale=locale),
        "japan_day": partial(formatting.japan_day, locale=locale),
        "moment": partial(formatting.moment, locale=locale),
    }
    return jinja
