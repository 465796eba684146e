"""The test cards: what each one does when it is charged. No other number is taken, so that nobody enters a real one.

Source: https://docs.stripe.com/testing
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestCard:
    """`decline` is the provider's decline code, or None if the charge succeeds; `disputed` if the owner then objects."""

    decline: str | None = None
    disputed: bool = False


TEST_CARDS: Mapping[str, TestCard] = {
    "4242424242424242": TestCard(),
    "4000000000000002": TestCard(decline="generic_decline"),
    "4000000000009995": TestCard(decline="insufficient_funds"),
    "4000000000000069": TestCard(decline="expired_card"),
    "4000000000000259": TestCard(disputed=True),
}

# the error code that goes with a decline code; every other decline is a plain card_declined
ERROR_CODES: Mapping[str, str] = {"expired_card": "expired_card"}
