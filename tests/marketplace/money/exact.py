"""Random cases of everything that divides yen or grams, checked to the last one; `python -m tests.marketplace.money.exact` runs many.

Sellers, fee and tax of a price; the sale booked from it; a refund in parts; the shares of each part; an amount in whole tonnes and
grams out of pools, and what they cost. Nothing may drift.
"""

import argparse
import random
import sys
import time

from marketplace.ledger import service as ledger
from marketplace.ledger.sale import shares
from marketplace.money import allocate, consumption_tax, price, tax_within
from marketplace.quotes.models import GRAMS_PER_TONNE
from marketplace.quotes.service import WishedLine
from marketplace.quotes.writing import yen_of

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
    _tonnes_and_grams(chance)


def check_all(cases: int, *, seed: int = 0) -> None:
    """As check, for cases that come alike every time; the one that drifts is named."""
    for number in range(cases):
        try:
            check(random.Random(f"{seed}:{number}"))
        except AssertionError as drift:
            drift.add_note(f"case {number} of seed {seed}")
            raise


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


def _tonnes_and_grams(chance: random.Random) -> None:
    """Whole tonnes and grams out of pools are exactly what was wished; parts of it never cost more than the whole."""
    grams, yen_per_tonne = _amount(chance), chance.choice((1, 999, chance.randint(1, 100_000)))
    exactly, up = WishedLine.exactly("lst", grams), WishedLine.rounded_up("lst", grams)
    assert exactly.tonnes * GRAMS_PER_TONNE + exactly.pool_g == grams
    assert exactly.pool_g < GRAMS_PER_TONNE
    assert 0 <= up.tonnes * GRAMS_PER_TONNE - grams < GRAMS_PER_TONNE
    assert up.pool_g == 0
    pieces = [chance.randint(0, grams) for _ in range(chance.randint(1, 4))]
    shared = allocate(grams, [*pieces, 1])
    assert sum(shared) == grams
    cost = [yen_of(piece, yen_per_tonne) for piece in shared]
    assert 0 <= yen_of(grams, yen_per_tonne) - sum(cost) < len(shared)
    assert all(
        0 <= piece * yen_per_tonne - yen * GRAMS_PER_TONNE < GRAMS_PER_TONNE
        for piece, yen in zip(shared, cost, strict=True)
    )


def _amount(chance: random.Random) -> int:
    return chance.choice((chance.randint(1, 30), chance.randint(1, 100_000), chance.randint(1, LARGEST_NET)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    check_all(asked.cases, seed=asked.seed)
    took = time.monotonic() - began
    sys.stdout.write(f"{asked.cases} cases, seed {asked.seed}: drift 0 yen and 0 g, in {took:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
