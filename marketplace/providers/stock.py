"""What a provider holds and what became of it: offered, held for somebody, sold, cancelled, withdrawn. Always counted from the
intervals themselves, so the figures of a block add up to its size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from marketplace.inventory.models import Block, Holding, Interval, Provider, RegistryAccount
from marketplace.inventory.serials import SerialRange
from marketplace.inventory.states import IntervalState
from marketplace.listings.models import Listing
from marketplace.projects.catalogue import Project, load_catalogue
from marketplace.providers.errors import ProviderNotFound
from marketplace.quotes.models import QuoteLine
from marketplace.retirements.models import Retirement

SOLD = (IntervalState.CANCELLING, IntervalState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Stock:
    """Whole tonnes of one holding by state, and the listing that offers it, if one is open."""

    holding: Holding
    block: Block
    account: RegistryAccount
    project: Project
    listing: Listing | None
    tonnes: Mapping[IntervalState, int]

    @property
    def available(self) -> int:
        return self.tonnes[IntervalState.AVAILABLE]

    @property
    def held(self) -> int:
        """Set aside for quotes and unpaid orders."""
        return self.tonnes[IntervalState.RESERVED]

    @property
    def sold(self) -> int:
        """Paid for: on their way through the registry, or cancelled."""
        return self.tonnes[IntervalState.CANCELLING] + self.cancelled

    @property
    def cancelled(self) -> int:
        return self.tonnes[IntervalState.CANCELLED]

    @property
    def withdrawn(self) -> int:
        return self.tonnes[IntervalState.WITHDRAWN]

    @property
    def remaining(self) -> int:
        """Neither sold nor withdrawn."""
        return self.available + self.held

    @property
    def total(self) -> int:
        return sum(self.tonnes.values())


@dataclass(frozen=True, slots=True)
class Hold:
    """Serials that wait for a payment until `until`."""

    block: Block
    serials: SerialRange
    until: datetime


@dataclass(frozen=True, slots=True)
class Sale:
    """Serials that were paid for; `recorded_on` (Japan time) and `notice_number` are the registry's, once it has confirmed.

    `yen_net` is the price of these serials without consumption tax.
    """

    block: Block
    serials: SerialRange
    yen_net: int
    sold_at: datetime
    state: str
    recorded_on: date | None
    notice_number: str | None


async def provider(provider_id: str) -> Provider:
    """Raises ProviderNotFound."""
    found = await Provider.get_or_none(id=provider_id)
    if found is None:
        raise ProviderNotFound(f"no provider {provider_id}", provider_id=provider_id)
    return found


async def all_providers() -> Sequence[Provider]:
    return await Provider.all().order_by("id")


async def stock_of(provider_id: str) -> Sequence[Stock]:
    """Every holding, by registry, project and certification."""
    holdings = await Holding.filter(account__provider_id=provider_id).prefetch_related("block", "account")
    ids = [holding.id for holding in holdings]
    tonnes = {holding_id: dict.fromkeys(IntervalState, 0) for holding_id in ids}
    for interval in await Interval.filter(holding_id__in=ids):
        tonnes[interval.holding_id][IntervalState(interval.state)] += len(interval.serials)
    open_listings = {listing.holding_id: listing for listing in await Listing.filter(holding_id__in=ids, open=True)}
    stocks = [
        Stock(
            holding=holding,
            block=holding.block,
            account=holding.account,
            project=load_catalogue()[holding.block.project_key],
            listing=open_listings.get(holding.id),
            tonnes=tonnes[holding.id],
        )
        for holding in holdings
    ]
    return sorted(
        stocks, key=lambda s: (s.block.registry, s.project.key, s.block.certification_number, s.block.first_serial)
    )


async def holds_of(provider_id: str) -> Sequence[Hold]:
    """What quotes and unpaid orders hold at present, the first to run out first."""
    reserved = (
        await Interval.filter(holding__account__provider_id=provider_id, state=IntervalState.RESERVED)
        .order_by("reserved_until")
        .prefetch_related("block")
    )
    return [Hold(one.block, one.serials, one.reserved_until) for one in reserved if one.reserved_until]


async def sales_of(provider_id: str, *, limit: int, states: Sequence[IntervalState] = SOLD) -> Sequence[Sale]:
    """The newest paid-for serials first; a refused cancellation is no sale."""
    intervals = (
        await Interval.filter(holding__account__provider_id=provider_id, state__in=list(states))
        .order_by("-id")
        .limit(limit)
        .prefetch_related("block")
    )
    lines = await QuoteLine.in_bulk({one.quote_line_id for one in intervals if one.quote_line_id}, "id")
    retirements = {
        one.interval_id: one
        for one in await Retirement.filter(interval_id__in=[one.id for one in intervals]).exclude(state="rejected")
    }
    return [
        _sale(one, lines[one.quote_line_id], retirements[one.id])
        for one in intervals
        if one.quote_line_id and one.id in retirements
    ]


def _sale(interval: Interval, line: QuoteLine, retirement: Retirement) -> Sale:
    return Sale(
        block=interval.block,
        serials=interval.serials,
        yen_net=len(interval.serials) * line.yen_per_tonne,
        sold_at=retirement.created_at,
        state=retirement.state,
        recorded_on=retirement.recorded_on,
        notice_number=retirement.notice_number,
    )
