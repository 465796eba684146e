"""The test cards: what each one does when it is charged. No other number is taken, so that nobody enters a real one.

Source: https://docs.stripe.com/testing
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestCard:
    """`decline` is the provider's decline code, or None if the charge succeeds; `disputed` if the owner then objects.

    `kept` cards can be kept for later, even if a charge is then declined.
    """

    decline: str | None = None
    disputed: bool = False
    kept: bool = True


TEST_CARDS: Mapping[str, TestCard] = {
    "4242424242424242": TestCard(),
    "4000000000000002": TestCard(decline="generic_decline", kept=False),
    "4000000000009995": TestCard(decline="insufficient_funds", kept=False),
    "4000000000000069": TestCard(decline="expired_card", kept=False),
    "4000000000000259": TestCard(disputed=True),
    "4000000000000341": TestCard(decline="generic_decline"),
}

# the error code that goes with a decline code; every other decline is a plain card_declined
ERROR_CODES: Mapping[str, str] = {"expired_card": "expired_card"}

BY_LAST_DIGITS: Mapping[str, str] = {number[-4:]: number for number in TEST_CARDS}


def table_of_cards() -> list[tuple[str, str]]:
    """Each number as people write it, and the name of what happens when it is used."""
    return [(re.sub(r"(.{4})(?=.)", r"\1 ", number), _effect(card)) for number, card in TEST_CARDS.items()]


def _effect(card: TestCard) -> str:
    if card.decline is not None:
        return "declined_later" if card.kept else card.decline
    return "disputed" if card.disputed else "paid"
