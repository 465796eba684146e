"""Yen, consumption tax and the service fee: integers only, rounded down once per seller and rate."""

from collections.abc import Sequence
from dataclasses import dataclass

CONSUMPTION_TAX_PERCENT = 10
BASIS_POINTS = 10_000


def consumption_tax(net_yen: int) -> int:
    """Tax on the net total of one seller, rounded down once, in the buyer's favour."""
    return net_yen * CONSUMPTION_TAX_PERCENT // 100


def tax_within(gross_yen: int) -> int:
    """The tax in an amount that includes it. For net + consumption_tax(net) it is that tax again, to the yen."""
    return max(gross_yen, 0) * CONSUMPTION_TAX_PERCENT // (100 + CONSUMPTION_TAX_PERCENT)


def allocate(total_yen: int, weights: Sequence[int]) -> list[int]:
    """Share out `total_yen` in proportion to `weights`; the parts add up to it, and none is off by a whole yen.

    The yen that rounding down leaves over go to the largest remainders, among equals to the first. Raises: ValueError if
    the total or a weight is below zero, or all weights are zero.
    """
    whole = sum(weights)
    if total_yen < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError("an amount is shared out by weights of which none is below and one above zero")
    parts = [total_yen * weight // whole for weight in weights]
    remainders = [total_yen * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-remainders[place], place))
    for place in by_remainder[: total_yen - sum(parts)]:
        parts[place] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Price:
    """All in yen. The credits and the service are two supplies by two sellers, so tax is rounded per seller."""

    credits_yen: int
    fee_yen: int
    tax_yen: int

    @property
    def total_yen(self) -> int:
        return self.credits_yen + self.fee_yen + self.tax_yen


def price(credits_by_provider: dict[str, int], *, fee_basis_points: int, pooled_yen: int = 0) -> Price:
    """What a buyer pays for credits worth `credits_by_provider` net yen each, plus the service fee on their sum.

    `pooled_yen` is the net price of grams out of pools, which the service sells itself together with its fee.
    """
    credits_yen = sum(credits_by_provider.values()) + pooled_yen
    fee_yen = credits_yen * fee_basis_points // BASIS_POINTS
    tax_yen = sum(consumption_tax(net) for net in credits_by_provider.values()) + consumption_tax(pooled_yen + fee_yen)
    return Price(credits_yen, fee_yen, tax_yen)
