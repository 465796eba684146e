"""The largest amount that a budget pays for, fee and tax included."""

from collections.abc import Callable, Sequence

from marketplace.errors import BudgetTooLow, MixNotAvailable
from marketplace.quotes.models import GRAMS_PER_TONNE
from marketplace.quotes.writing import PricedLine, price_of

Lines = Callable[[int], Sequence[PricedLine]]
"""The lines of an amount in grams. Raises MixNotAvailable where so much is not to be had."""


def grams_for(budget_yen: int, lines: Lines, *, fee_basis_points: int, whole_tonnes: bool, most_g: int) -> int:
    """The most grams, in whole tonnes if asked for, that cost at most `budget_yen`.

    Searched by halves: prices grow with the amount; should a dearer listing step in for a cheaper one on the way, a little
    more might have been had, but never is the budget exceeded. Raises BudgetTooLow if it does not even pay for the smallest.
    """
    step = GRAMS_PER_TONNE if whole_tonnes else 1

    def affordable(steps: int) -> bool:
        try:
            return price_of(lines(steps * step), fee_basis_points=fee_basis_points).total_yen <= budget_yen
        except MixNotAvailable:
            return False

    low, high = 0, most_g // step
    while low < high:
        middle = (low + high + 1) // 2
        if affordable(middle):
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise BudgetTooLow(f"{budget_yen} yen pay for nothing of this", budget=budget_yen)
    return low * step
