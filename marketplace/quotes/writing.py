"""A quote's row: price, terms and deadline, worked out in one place for buyers and for the service's own purchases."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.database import rows
from marketplace.ids import new_id
from marketplace.listings.models import Listing
from marketplace.money import CONSUMPTION_TAX_PERCENT, Price, price
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote
from marketplace.quotes.states import QuoteState


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Whole tonnes that are cancelled for the buyer alone, and grams from the listing's pools; one of them above zero.

    `listing` comes with its holding and account. `agreed_yen_per_tonne` is a price agreed on earlier, for grams out of pools
    alone: these the service sells itself.
    """

    listing: Listing
    tonnes: int
    pool_g: int
    agreed_yen_per_tonne: int | None = None

    @property
    def provider_id(self) -> str:
        return self.listing.holding.account.provider_id

    @property
    def tonnes_yen(self) -> int:
        return self.tonnes * self.listing.yen_per_tonne

    @property
    def pool_yen(self) -> int:
        """Rounded down to whole yen, in the buyer's favour."""
        return yen_of(self.pool_g, self.agreed_yen_per_tonne or self.listing.yen_per_tonne)


def yen_of(grams: int, yen_per_tonne: int) -> int:
    return grams * yen_per_tonne // GRAMS_PER_TONNE


def price_of(lines: Sequence[PricedLine], *, fee_basis_points: int) -> Price:
    """Tonnes are sold by their providers; grams out of pools by the service, which has bought the pool's tonnes."""
    pooled_yen = sum(line.pool_yen for line in lines)
    by_provider = _net_by_provider(lines)
    if not pooled_yen and not by_provider:
        # a gram costs a fraction of a yen, and nothing is sold for nothing
        pooled_yen = 1
    return price(by_provider, pooled_yen=pooled_yen, fee_basis_points=fee_basis_points)


async def write(
    lines: Sequence[PricedLine],
    *,
    footprint_id: str | None,
    fee_basis_points: int,
    expires_at: datetime,
    now: datetime,
    tops_up: str | None = None,
) -> Quote:
    """Inside the caller's transaction; the lines and what they hold are the caller's."""
    quote = unwritten(
        lines,
        footprint_id=footprint_id,
        fee_basis_points=fee_basis_points,
        expires_at=expires_at,
        now=now,
        tops_up=tops_up,
    )
    await rows.insert(quote)
    return quote


def unwritten(
    lines: Sequence[PricedLine],
    *,
    footprint_id: str | None,
    fee_basis_points: int,
    expires_at: datetime,
    now: datetime,
    tops_up: str | None = None,
) -> Quote:
    """The row as `write` would write it, for whoever writes many."""
    cost = price_of(lines, fee_basis_points=fee_basis_points)
    pool_g = sum(line.pool_g for line in lines)
    by_provider = _net_by_provider(lines)
    terms = {
        "fee_basis_points": fee_basis_points,
        "tax_percent": CONSUMPTION_TAX_PERCENT,
        "net_yen_by_provider": by_provider,
        "pool_net_yen": cost.credits_yen - sum(by_provider.values()),
    }
    return Quote(
        id=new_id("quo", now),
        state=QuoteState.OPEN,
        footprint_id=footprint_id,
        tonnes=sum(line.tonnes for line in lines) + -(-pool_g // GRAMS_PER_TONNE),
        pool_g=pool_g,
        credits_yen=cost.credits_yen,
        fee_yen=cost.fee_yen,
        tax_yen=cost.tax_yen,
        total_yen=cost.total_yen,
        terms=json.dumps(terms, sort_keys=True),
        expires_at=expires_at,
        created_at=now,
        tops_up=tops_up,
    )


def _net_by_provider(lines: Sequence[PricedLine]) -> dict[str, int]:
    net: dict[str, int] = {}
    for line in lines:
        if line.tonnes:
            net[line.provider_id] = net.get(line.provider_id, 0) + line.tonnes_yen
    return net
