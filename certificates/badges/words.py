"""The texts of one badge: short ones for the picture, and a whole sentence for those who do not see it."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Final, NamedTuple

from certificates.badges.facts import ABOUT_COVERAGE, WITHOUT_AMOUNT, BadgeFacts, BadgeKind, BadgeState, Wording
from certificates.sheet import TEMPLATES, Locale, long_date, shown_amount

# Overrides and isolates can turn the words after a name around; the marks (U+200E, U+200F) only place a name's own signs.
# Null characters, which no XML can hold, mark the places of figures below.
_TURNING: Final = re.compile("[\x00\u202a-\u202e\u2066-\u2069]")
_AMOUNT: Final = "\x00a"
_SHARE: Final = "\x00s"
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


class BadgeTexts(NamedTuple):
    """What stands on one badge, not yet escaped; None or empty is left out. `sentence` is the accessible name.

    `amount` is None where nothing valid stands behind the badge. Where there is room, `amount_line` is the amount with its
    share and the end of the cover, and `second_line` the units of a product, or the period of a certificate.
    """

    subject: str
    title: str
    short: str
    amount: str | None
    amount_line: str
    amount_and_share: str
    period: str
    second_line: str
    note: str
    number: str
    brand: str
    sentence: str


class _Of(NamedTuple):
    """The facts that change seldom; `period` is the first and the last day."""

    kind: BadgeKind
    state: BadgeState
    wording: Wording
    sandbox: bool
    subject: str
    period: tuple[date, date]
    number: str


class _Said(NamedTuple):
    """All that stays when amount, share and units change; the first two have places in the sentence.

    `bare` has no figures at all: a test, or nothing valid behind it.
    """

    subject: str
    title: str
    short: str
    period: str
    units: str
    unit: Mapping[str, str]
    note: str
    brand: str
    sentence: str
    bare: bool


class _Phrases(NamedTuple):
    """The words of one kind, state and wording in one language; `sentence` is to be filled in."""

    title: str
    short: str
    note: str
    sentence: str


@cache
def badge_words(locale: Locale) -> Mapping[str, Mapping[str, str]]:
    """The words of the badges in one language, by table and key."""
    return tomllib.loads((TEMPLATES / f"badge.{locale}.toml").read_text(encoding="utf-8"))


def texts_of(facts: BadgeFacts, locale: Locale) -> BadgeTexts:
    """In whole sentences no direction of a name reaches beyond the name."""
    state = facts.shown_state
    period = facts.period_first, facts.period_last
    said = _said(_Of(facts.kind, state, facts.wording, facts.sandbox, facts.subject, period, facts.number), locale)
    figure, unit = shown_amount(facts.covered_g)
    amount = f"{figure} {said.unit[unit]}"
    share = f"{facts.share_per_mille // 10}.{facts.share_per_mille % 10} %"
    sentence = said.sentence.replace(_AMOUNT, amount).replace(_SHARE, share)
    if said.bare:
        return BadgeTexts(
            said.subject, said.title, said.short, None, "", "", "", "", said.note, facts.number, said.brand, sentence
        )
    amount_and_share = f"{amount} · {share}" if state in ABOUT_COVERAGE else amount
    amount_line, second_line = f"{amount_and_share} · {said.period}", ""
    if facts.kind is BadgeKind.CERTIFICATE:
        amount_line, second_line = amount_and_share, said.period
    elif facts.units and facts.wording is Wording.OFFSET:
        second_line = said.units.format(covered=f"{facts.units.covered:,}", sold=f"{facts.units.sold:,}")
    return BadgeTexts(
        said.subject,
        said.title,
        f"{said.short} {share}" if state is BadgeState.PARTLY_COVERED else said.short,
        amount,
        amount_line,
        amount_and_share,
        said.period,
        second_line,
        said.note,
        facts.number,
        said.brand,
        sentence,
    )


def blank_texts(locale: Locale) -> BadgeTexts:
    """For an address that no badge stands at."""
    words = badge_words(locale)
    title, note = words["title"]["blank"], words["note"]["blank"]
    return BadgeTexts(
        subject="",
        title=title,
        short=words["short"]["blank"],
        amount=None,
        amount_line="",
        amount_and_share="",
        period="",
        second_line="",
        note=note,
        number="",
        brand=words["words"]["brand"],
        sentence=words["long"]["blank"],
    )


def isolated(name: str) -> str:
    """A name that runs from right to left, or may, does not turn the words around it."""
    if name.isascii() or not any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in name):
        return name
    return f"\u2068{name}\u2069"


@lru_cache(maxsize=1_024)
def _said(of: _Of, locale: Locale) -> _Said:
    phrases, words = _phrases(of.kind, of.state, of.wording, locale), badge_words(locale)["words"]
    subject = _TURNING.sub("", of.subject)
    if of.sandbox:
        sentence = words["sandbox_sentence"].format(subject=isolated(subject), state=phrases.title)
    else:
        period = _period(of.kind, of.period, locale, in_words=True)
        sentence = phrases.sentence.format(subject=isolated(subject), amount=_AMOUNT, share=_SHARE, period=period)
    return _Said(
        subject=subject,
        title=words["sandbox_title"].format(state=phrases.title) if of.sandbox else phrases.title,
        short=phrases.short,
        period=_period(of.kind, of.period, locale, in_words=False),
        units=words["units"],
        unit={unit: words[f"unit_{unit}"] for unit in ("t", "kg", "g")},
        note=words["sandbox_note"] if of.sandbox else phrases.note,
        brand=words["sandbox_short"] if of.sandbox else words["brand"],
        sentence=f"{sentence} {of.number}",
        bare=of.sandbox or of.state in WITHOUT_AMOUNT,
    )


@cache
def _phrases(kind: BadgeKind, state: BadgeState, wording: Wording, locale: Locale) -> _Phrases:
    """The closest words there are: for this kind and wording, for this wording, or for the state alone."""
    tables = badge_words(locale)
    keys = (f"{kind}.{wording}.{state}", f"{wording}.{state}", str(state))

    def closest(table: str, *otherwise: str) -> str:
        return next(tables[table][key] for key in (*keys, *otherwise) if key in tables[table])

    return _Phrases(closest("title"), closest("short"), closest("note", wording), closest("long"))


def _period(kind: BadgeKind, period: tuple[date, date], locale: Locale, *, in_words: bool) -> str:
    """A product's cover lasts until a day; a certificate is about its period for ever. Figures on the picture are shorter."""
    (first, last), words = period, badge_words(locale)["words"]

    def written(day: date) -> str:
        if in_words:
            return long_date(day, locale)
        form = words["day" if kind is BadgeKind.PRODUCT else "span_day"]
        return form.format(year=day.year, month=day.month, day=day.day)

    if kind is BadgeKind.PRODUCT:
        return words["until"].format(date=written(last))
    return written(last) if first == last else words["span"].format(first=written(first), last=written(last))
