"""The words that a plan's orders and its consent are made of."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.orders.words import pool_wording
from marketplace.plans.usage import Usage


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def consent_version() -> str:
    return str(_words()["consent"]["version"])


def consent_text(locale: str, *, pool_user: str, gift_months: int | None = None) -> str:
    """What is agreed to before the first payment: how it is paid, and how the registry will show the cancellation."""
    words = _words()
    own = words["consent"][locale] if gift_months is None else words["gift"][locale].format(months=gift_months)
    return f"{own} {pool_wording(locale).format(pool_user=pool_user)}"


def checkout_name(locale: str, *, gift_months: int | None = None) -> str:
    words = _words()["month"][locale]
    return str(words["checkout"] if gift_months is None else words["gift_checkout"].format(months=gift_months))


def subject(usage: Usage, first: date, last: date, locale: str) -> str:
    words = _words()["month"][locale]
    use = words["kwh"].format(kwh=usage.kwh) if usage.kwh is not None else words["size"]
    return str(words["subject"].format(use=use, first=first.isoformat(), last=last.isoformat()))


def purpose_detail(locale: str) -> str:
    return str(_words()["month"][locale]["purpose_detail"])


def beneficiary(public_name: str, locale: str) -> str:
    """The initials, or words that name nobody."""
    return public_name or str(_words()["month"][locale]["nobody"])
