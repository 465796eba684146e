"""The words that become part of an order: the lines of the payment page, and the consent with its version."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.orders.instruction import Consent, Instruction
from marketplace.registries.profiles import load_profiles


@dataclass(frozen=True, slots=True)
class CheckoutWords:
    credits: str
    fee: str
    tax: str


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def checkout_words(locale: str) -> CheckoutWords:
    return CheckoutWords(**_words()["checkout"][locale])


def consent_version() -> str:
    return str(_words()["consent"]["version"])


def consent_wording(locale: str) -> str:
    """The text with its three gaps still open: {purpose}, {purpose_detail} and {credit_user}."""
    return str(_words()["consent"][locale])


def pool_wording(locale: str) -> str:
    """What is agreed to of grams out of pools, with its gap still open: {pool_user}."""
    return str(_words()["consent"][f"pool_{locale}"])


def consent_text(
    instruction: Instruction,
    *,
    registries: Iterable[str],
    locale: str,
    own_name: bool = True,
    pool_user: str | None = None,
) -> str:
    """What the buyer agrees to: the three texts that the registries will keep for ever, the use in each one's own word;
    and, for grams out of pools, the user name that stands there instead.

    Raises ActNotOffered if a registry has no use for the purpose.
    """
    parts = [_own_text(instruction, registries, locale)] if own_name else []
    parts += [pool_wording(locale).format(pool_user=pool_user)] if pool_user is not None else []
    return " ".join(parts)


def _own_text(instruction: Instruction, registries: Iterable[str], locale: str) -> str:
    uses = dict.fromkeys(load_profiles()[code].use_for(instruction.purpose).name.ja for code in registries)
    return consent_wording(locale).format(
        purpose="、".join(uses),
        purpose_detail=instruction.purpose_detail,
        credit_user=instruction.credit_user,
    )


def consent_to(
    instruction: Instruction,
    *,
    registries: Iterable[str],
    locale: str,
    agreed_at: datetime,
    own_name: bool = True,
    pool_user: str | None = None,
) -> Consent:
    return Consent(
        version=consent_version(),
        text=consent_text(instruction, registries=registries, locale=locale, own_name=own_name, pool_user=pool_user),
        agreed_at=agreed_at.isoformat(timespec="seconds"),
    )
