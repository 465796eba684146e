"""A seller's statement: for each payout the serials that were sold, at which price, and what became of the money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.inventory.models import Holding, Interval
from marketplace.money import consumption_tax
from marketplace.payouts.models import Payout
from marketplace.quotes.models import QuoteLine
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState


@dataclass(frozen=True, slots=True)
class SoldRange:
    """Serials of one block that were cancelled for one order, both ends included; yen without tax."""

    project_key: str
    registry: str
    first_serial: str
    last_serial: str
    tonnes: int
    yen_per_tonne: int

    @property
    def net_yen(self) -> int:
        return self.tonnes * self.yen_per_tonne


@dataclass(frozen=True, slots=True)
class StatedPayout:
    """`net_yen + tax_yen` is the payout's amount."""

    payout: Payout
    sold: tuple[SoldRange, ...]

    @property
    def net_yen(self) -> int:
        return sum(one.net_yen for one in self.sold)

    @property
    def tax_yen(self) -> int:
        return consumption_tax(self.net_yen)


async def statement(
    provider_id: str | None, *, until: datetime | None = None, limit: int = 100
) -> Sequence[StatedPayout]:
    """Payouts of one seller, or of all, newest first; those made before `until` continue an earlier page."""
    query = Payout.all() if provider_id is None else Payout.filter(provider_id=provider_id)
    if until is not None:
        query = query.filter(created_at__lt=until)
    return [
        StatedPayout(payout, await _sold(payout)) for payout in await query.order_by("-created_at", "-id").limit(limit)
    ]


async def _sold(payout: Payout) -> tuple[SoldRange, ...]:
    ranges = []
    for retirement in await Retirement.filter(order_id=payout.order_id, state=RetirementState.CONFIRMED).order_by("id"):
        interval = await Interval.get(id=retirement.interval_id)
        holding = await Holding.get(id=interval.holding_id).prefetch_related("block", "account")
        if holding.account.provider_id != payout.provider_id:
            continue
        line = await QuoteLine.get(id=interval.quote_line_id)
        ranges.append(
            SoldRange(
                project_key=holding.block.project_key,
                registry=holding.block.registry,
                first_serial=holding.block.serial_text(interval.first_serial),
                last_serial=holding.block.serial_text(interval.last_serial),
                tonnes=len(interval.serials),
                yen_per_tonne=line.yen_per_tonne,
            )
        )
    return tuple(ranges)
