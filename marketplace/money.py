"""Yen, consumption tax and the service fee: integers only, rounded down once per seller and rate."""

from dataclasses import dataclass

CONSUMPTION_TAX_PERCENT = 10
BASIS_POINTS = 10_000


def consumption_tax(net_yen: int) -> int:
    """Tax on the net total of one seller, rounded down once, in the buyer's favour."""
    return net_yen * CONSUMPTION_TAX_PERCENT // 100


@dataclass(frozen=True, slots=True)
class Price:
    """All in yen. The credits and the service are two supplies by two sellers, so tax is rounded per seller."""

    credits_yen: int
    fee_yen: int
    tax_yen: int

    @property
    def total_yen(self) -> int:
        return self.credits_yen + self.fee_yen + self.tax_yen


def price(credits_by_provider: dict[str, int], *, fee_basis_points: int) -> Price:
    """What a buyer pays for credits worth `credits_by_provider` net yen each, plus the service fee on their sum."""
    credits_yen = sum(credits_by_provider.values())
    fee_yen = credits_yen * fee_basis_points // BASIS_POINTS
    tax_yen = sum(consumption_tax(net) for net in credits_by_provider.values()) + consumption_tax(fee_yen)
    return Price(credits_yen, fee_yen, tax_yen)
