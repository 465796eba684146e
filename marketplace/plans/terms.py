"""What a month of a plan costs and covers, written down before it is paid; the newest version is what the next month will be.

The price per tonne is the service's own, since it sells grams out of tonnes that it has bought: it stays as agreed until the
person changes the plan, whatever becomes of the listing's price.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.clock import Clock, japan_date
from marketplace.errors import BelowSmallestPayment
from marketplace.footprints.service import StoredFootprints
from marketplace.ids import new_id
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders.service import SMALLEST_PAYMENT_YEN
from marketplace.plans.models import PlanTerms
from marketplace.plans.usage import Usage, calculate, in_force
from marketplace.quotes.service import WishedLine, sellable
from marketplace.quotes.writing import PricedLine, price_of
from offset_calc import FactorSet, Footprint


class Because(StrEnum):
    """Why there is a new version. BILL: what bills of earlier months left is made up for, or has been."""

    BEGUN = "begun"
    CHANGED = "changed"
    EDITION = "edition"
    BILL = "bill"


@dataclass(frozen=True, slots=True)
class Draft:
    """Terms as they would be. `yen_per_tonne` without tax, `total_yen` with fee and tax, for `month_g`."""

    usage: Usage
    footprint: Footprint
    listing_id: str
    yen_per_tonne: int
    fee_basis_points: int
    total_yen: int

    @property
    def month_g(self) -> int:
        return self.footprint.total.value


async def draft(market: Market, usage: Usage, listing_id: str, *, factors: FactorSet | None = None) -> Draft:
    """At today's price of the listing. Raises MenuUnknown, UsageRefused, MonthWithoutEmissions, MonthTooLarge,
    ListingNotFound, ListingClosed, PoolNotOffered, BelowSmallestPayment."""
    on = japan_date(market.clock())
    footprint = calculate(usage, on=on, factors=factors or in_force())
    line = await sellable(WishedLine(listing_id, 0, footprint.total.value), market.terms.pools, on=on)
    fee = market.terms.fee_basis_points
    yen = price_of([line], fee_basis_points=fee).total_yen
    refuse_too_small(yen)
    return Draft(usage, footprint, listing_id, line.listing.yen_per_tonne, fee, yen)


async def redraft(current: PlanTerms, *, on_clock: Clock, factors: FactorSet) -> Draft:
    """The same use at the same price per tonne by another edition. Raises as `draft`, the listing's refusals left out."""
    usage = usage_of(current)
    footprint = calculate(usage, on=japan_date(on_clock()), factors=factors)
    yen = await yen_for(current, footprint.total.value)
    refuse_too_small(yen)
    return Draft(usage, footprint, current.listing_id, current.yen_per_tonne, current.fee_basis_points, yen)


def refuse_too_small(yen: int) -> None:
    if yen < SMALLEST_PAYMENT_YEN:
        raise BelowSmallestPayment(
            f"{yen} yen cannot be paid by card", total_yen=yen, smallest_yen=SMALLEST_PAYMENT_YEN
        )


async def yen_for(terms: PlanTerms, grams: int) -> int:
    """What `grams` cost by these terms, with fee and tax."""
    return price_of([await priced_line(terms, grams)], fee_basis_points=terms.fee_basis_points).total_yen


async def priced_line(terms: PlanTerms, grams: int) -> PricedLine:
    listing = await Listing.get(id=terms.listing_id).prefetch_related("holding__account")
    return PricedLine(listing, 0, grams, agreed_yen_per_tonne=terms.yen_per_tonne)


async def write(plan_id: str, version: int, wanted: Draft, because: Because, *, clock: Clock) -> PlanTerms:
    """Inside the caller's transaction, with the footprint that the months' certificates will rest on."""
    now = clock()
    footprint_id = await StoredFootprints(clock).save(wanted.footprint)
    return await PlanTerms.create(
        id=new_id("ptm", now),
        plan_id=plan_id,
        version=version,
        because=because,
        menu=wanted.usage.menu,
        kwh=wanted.usage.kwh,
        household_size=wanted.usage.household_size,
        edition=wanted.footprint.edition,
        footprint_id=footprint_id,
        month_g=wanted.month_g,
        carried_g=0,
        listing_id=wanted.listing_id,
        yen_per_tonne=wanted.yen_per_tonne,
        fee_basis_points=wanted.fee_basis_points,
        total_yen=wanted.total_yen,
        created_at=now,
    )


async def carry(current: PlanTerms, carried_g: int, *, now: datetime) -> PlanTerms:
    """Inside the caller's transaction: as before, with more or less to cover for one month."""
    return await PlanTerms.create(
        id=new_id("ptm", now),
        plan_id=current.plan_id,
        version=current.version + 1,
        because=Because.BILL,
        menu=current.menu,
        kwh=current.kwh,
        household_size=current.household_size,
        edition=current.edition,
        footprint_id=current.footprint_id,
        month_g=current.month_g,
        carried_g=carried_g,
        listing_id=current.listing_id,
        yen_per_tonne=current.yen_per_tonne,
        fee_basis_points=current.fee_basis_points,
        total_yen=await yen_for(current, current.month_g + carried_g),
        created_at=now,
    )


async def newest(plan_id: str) -> PlanTerms:
    terms = await PlanTerms.filter(plan_id=plan_id).order_by("-version").first()
    if terms is None:
        raise AssertionError(f"plan {plan_id} was written without terms")
    return terms


def usage_of(terms: PlanTerms) -> Usage:
    return Usage(terms.menu, terms.kwh, terms.household_size)
