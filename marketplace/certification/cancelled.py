"""What registries have confirmed of orders, and what the providers earn with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.database import rows
from marketplace.inventory import service as inventory
from marketplace.inventory.holdings import whole_holdings
from marketplace.inventory.models import Interval
from marketplace.orders.models import CertifiedPart, Order
from marketplace.quotes.models import Quote, QuoteLine
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What is confirmed of an order. `parts` are certified already, `fresh` retirements are not; `intervals` under their ids are
    those of both, with their whole holdings. `prices`: yen per tonne by quote line. `under_way`: more of it may yet follow."""

    parts: Sequence[CertifiedPart]
    fresh: Sequence[Retirement]
    intervals: Mapping[str, Interval]
    prices: Mapping[str, int]
    under_way: bool

    @property
    def tonnes(self) -> int:
        return sum(len(interval.serials) for interval in self.intervals.values())

    @property
    def net_by_provider(self) -> Mapping[str, int]:
        """What each provider's delivered credits cost without tax, in yen."""
        net: dict[str, int] = {}
        for interval in self.intervals.values():
            provider_id = interval.holding.account.provider_id
            yen = len(interval.serials) * self.prices[str(interval.quote_line_id)]
            net[provider_id] = net.get(provider_id, 0) + yen
        return net


async def cancelled_of(sold: Sequence[tuple[Order, Quote]]) -> dict[str, Cancelled]:
    """Of each of these orders, by its id."""
    own = {quote.id: order.id for order, quote in sold if quote.own_tonnes}
    lines = await rows.find_all(QuoteLine, quote_id=sorted(own))
    parts = await rows.find_all(CertifiedPart, order_id=sorted(own.values()), order_by="part")
    confirmed = await rows.find_all(
        Retirement, order_id=sorted(own.values()), state=RetirementState.CONFIRMED, order_by="id"
    )
    set_aside = await inventory.of_lines([line.id for line in lines])
    wanted = {retirement.interval_id for retirement in confirmed}
    holdings = await whole_holdings([one.holding_id for one in set_aside if one.id in wanted])
    for interval in set_aside:
        if interval.id in wanted:
            interval.holding = holdings[interval.holding_id]
    order_of_line = {line.id: own[line.quote_id] for line in lines}
    certified = {part.retirement_id for part in parts}
    found = {}
    for order, _ in sold:
        of_order = [one for one in set_aside if order_of_line[str(one.quote_line_id)] == order.id]
        found[order.id] = Cancelled(
            parts=[part for part in parts if part.order_id == order.id],
            fresh=[one for one in confirmed if one.order_id == order.id and one.id not in certified],
            intervals={one.id: one for one in of_order if one.id in wanted},
            prices={line.id: line.yen_per_tonne for line in lines if order_of_line[line.id] == order.id},
            under_way=inventory.under_way(of_order),
        )
    return found
