"""One random case of everything that divides yen, checked to the yen; `python -m tests.marketplace.money.exact` runs many.

Sellers, fee and tax of a price; the sale booked from it; a refund in parts; the shares of each part. Nothing may drift.
"""

import argparse
import random
import sys
import time

from marketplace.ledger import service as ledger
from marketplace.ledger.sale import shares
from marketplace.money import allocate, consumption_tax, price, tax_within

LARGEST_NET = 10**9


def check(chance: random.Random) -> None:
    """Raises AssertionError for the first yen that is lost, invented or fractional."""
    net = {f"prov_{number}": _amount(chance) for number in range(chance.randint(1, 4))}
    pooled = chance.choice((0, _amount(chance)))
    points = chance.choice((0, 1, 500, 999, 10_000, chance.randint(0, 10_000)))
    paid = price(net, fee_basis_points=points, pooled_yen=pooled)
    ours = pooled + paid.fee_yen

    # one rounding down per seller and rate, as a qualified invoice wants it
    assert all(0 <= yen - 10 * consumption_tax(yen) < 10 for yen in (*net.values(), ours))
    assert paid.tax_yen == sum(consumption_tax(yen) for yen in net.values()) + consumption_tax(ours)
    assert paid.total_yen == paid.credits_yen + paid.fee_yen + paid.tax_yen
    assert tax_within(ours + consumption_tax(ours)) == consumption_tax(ours)

    earned = shares(paid.total_yen, net, pooled_yen=pooled)
    assert sum(earned.values()) == paid.total_yen
    assert (earned[ledger.TAX], earned[ledger.POOL], earned[ledger.FEE]) == (
        consumption_tax(ours),
        pooled,
        paid.fee_yen,
    )
    _refund_in_parts(chance, paid.total_yen, earned)
    _less_delivered(chance, net, points, pooled, paid.total_yen)


def _refund_in_parts(chance: random.Random, total: int, earned: dict[str, int]) -> None:
    left, returned = total, 0
    for _ in range(chance.randint(1, 4)):
        part = chance.randint(0, left)
        weights = list(earned.values())
        given = allocate(part, weights)
        assert sum(given) == part
        assert all(type(yen) is int and 0 <= yen <= weight for yen, weight in zip(given, weights, strict=True))
        assert all(abs(yen * total - part * weight) < total for yen, weight in zip(given, weights, strict=True))
        left, returned = left - part, returned + part
    assert left + returned == total


def _less_delivered(chance: random.Random, net: dict[str, int], points: int, pooled: int, total: int) -> None:
    """Only a part could be delivered: what is kept is the price of the part, and never more than was paid."""
    delivered = {provider: chance.randint(0, yen) for provider, yen in net.items()}
    kept = price(delivered, fee_basis_points=points, pooled_yen=pooled).total_yen
    assert total - kept >= 0
    earned = shares(kept, delivered, pooled_yen=pooled)
    assert sum(earned.values()) == kept
    assert min(earned.values()) >= 0


def _amount(chance: random.Random) -> int:
    return chance.choice((chance.randint(1, 30), chance.randint(1, 100_000), chance.randint(1, LARGEST_NET)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    for number in range(asked.cases):
        try:
            check(random.Random(f"{asked.seed}:{number}"))
        except AssertionError:
            sys.stderr.write(f"case {number} of seed {asked.seed} drifts\n")
            raise
    took = time.monotonic() - began
    sys.stdout.write(f"{asked.cases} cases, seed {asked.seed}: drift 0 yen, in {took:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
