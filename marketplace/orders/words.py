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


def consent_text(instruction: Instruction, *, registries: Iterable[str], locale: str) -> str:
    """What the buyer agrees to: the three texts that the registries will keep for ever, the use in each one's own word.

    Raises ActNotOffered if a registry has no use for the purpose.
    """
    uses = dict.fromkeys(load_profiles()[code].use_for(instruction.purpose).name.ja for code in registries)
    return consent_wording(locale).format(
        purpose="、".join(uses),
        purpose_detail=instruction.purpose_detail,
        credit_user=instruction.credit_user,
    )


def consent_to(instruction: Instruction, *, registries: Iterable[str], locale: str, agreed_at: datetime) -> Consent:
    return Consent(
        version=consent_version(),
        text=consent_text(instruction, registries=registries, locale=locale),
        agreed_at=agreed_at.isoformat(timespec="seconds"),
    )
