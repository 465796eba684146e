"""The sentences of a claim, with exact amounts: nothing is rounded up, and the share is rounded down."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from certificates.claims.judge import Wording
from certificates.statement import GRAMS_PER_TONNE

Language = Literal["ja", "en"]
_FILE = Path(__file__).with_name("wording.toml")


@dataclass(frozen=True, slots=True)
class ClaimTexts:
    """What the sentence speaks of. `credits` e.g. "J-クレジット(森林)"; `act` as the registry calls it (無効化, 取消し)."""

    subject: str
    period: str
    credits: str
    act: str
    covered_g: int
    footprint_g: int | None


class NoFootprintToShow(ValueError):
    """An offset is shown with the footprint it is a part of."""

    code = "no_footprint_to_show"


def sentence(wording: Wording, texts: ClaimTexts, language: Language) -> str:
    """The claim in words. Whether it may be used is for `judge` to say. Raises NoFootprintToShow."""
    if wording is not Wording.CONTRIBUTION and not texts.footprint_g:
        raise NoFootprintToShow(f"{wording} needs a footprint")
    footprint = texts.footprint_g or 0
    return _templates()[wording.value][language].format(
        subject=texts.subject,
        period=texts.period,
        credits=texts.credits,
        act=texts.act,
        covered=tonnes_text(texts.covered_g),
        footprint=tonnes_text(footprint),
        share=share_text(texts.covered_g, footprint) if footprint else "",
    )


def tonnes_text(grams: int) -> str:
    """Exact, e.g. 12.345 t; without zeros at the end."""
    tonnes = Decimal(grams) / GRAMS_PER_TONNE
    text = f"{tonnes:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " t"


def share_text(part: int, whole: int) -> str:
    """A percentage with one decimal, rounded down, e.g. 66.6%."""
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10}%"


@cache
def _templates() -> dict[str, dict[str, str]]:
    with _FILE.open("rb") as file:
        return {name: row for name, row in tomllib.load(file).items() if name != "edition"}
