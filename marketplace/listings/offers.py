"""What is on offer now: open listings with their price, free tonnes and project, cheapest first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tortoise.expressions import Q
from tortoise.functions import Count, Sum
from tortoise.queryset import QuerySet

from marketplace.inventory.block_facts import is_of_year
from marketplace.inventory.models import Block, Interval, Provider
from marketplace.inventory.states import IntervalState
from marketplace.listings.models import Listing
from marketplace.projects.catalogue import Project, find_projects, load_catalogue
from marketplace.projects.eligibility import Purpose, uses_for
from marketplace.projects.kinds import CreditKind, RegistryCode


@dataclass(frozen=True, slots=True)
class Offer:
    """`free_tonnes` is what the holding has left now; it may be sold before you reserve it."""

    listing: Listing
    block: Block
    provider: Provider
    project: Project
    free_tonnes: int


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Conditions that all have to be met; `use` means that a claim of that use is confirmed, conditions included.

    `max_yen_per_tonne` is net of tax, like the listings' prices. `vintage` is a year that some tonnes of the block belong to.
    """

    registry: RegistryCode | None = None
    kind: CreditKind | None = None
    country: str | None = None
    prefecture: str | None = None
    project: str | None = None
    use: Purpose | None = None
    max_yen_per_tonne: int | None = None
    vintage: int | None = None


EVERYTHING = OfferFilter()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the price and the id of its last listing."""

    yen_per_tonne: int
    listing_id: str


async def find_offers(wanted: OfferFilter, *, on: date, limit: int, after: Place | None = None) -> Sequence[Offer]:
    """Up to `limit` open listings by price, then id. `on` is the day the uses are judged for (UsesNotKnown before 2025-04-01)."""
    query = await _narrowed(_on_sale(on), wanted, on)
    if after is not None:
        query = query.filter(
            Q(yen_per_tonne__gt=after.yen_per_tonne) | Q(yen_per_tonne=after.yen_per_tonne, id__gt=after.listing_id)
        )
    return await _with_facts(query.order_by("yen_per_tonne", "id").limit(limit))


async def projects_on_sale(on: date, wanted: OfferFilter = EVERYTHING) -> frozenset[str]:
    """Keys of the projects that have an open listing like that on a day in Japan time."""
    narrowed = await _narrowed(_on_sale(on), wanted, on)
    keys = await narrowed.distinct().values_list("holding__block__project_key", flat=True)
    return frozenset(str(key) for key in keys)


async def offers_of(listing_ids: Collection[str]) -> Mapping[str, Offer]:
    """The offers behind these listings by listing id, whether they are still open or not; unknown ids are left out."""
    return {offer.listing.id: offer for offer in await _with_facts(Listing.filter(id__in=listing_ids))}


async def _with_facts(query: QuerySet[Listing]) -> Sequence[Offer]:
    listings = await query.prefetch_related("holding__block", "holding__account__provider")
    free = await _free_tonnes({listing.holding_id for listing in listings})
    return [
        Offer(
            listing=listing,
            block=listing.holding.block,
            provider=listing.holding.account.provider,
            project=load_catalogue()[listing.holding.block.project_key],
            free_tonnes=free.get(listing.holding_id, 0),
        )
        for listing in listings
    ]


def _on_sale(on: date) -> QuerySet[Listing]:
    return Listing.filter(
        Q(open=True),
        Q(opens_on__isnull=True) | Q(opens_on__lte=on),
        Q(closes_on__isnull=True) | Q(closes_on__gte=on),
    )


async def _narrowed(query: QuerySet[Listing], wanted: OfferFilter, on: date) -> QuerySet[Listing]:
    if wanted.registry is not None:
        query = query.filter(holding__block__registry=wanted.registry)
    if wanted.kind is not None:
        query = query.filter(holding__block__credit_kind=wanted.kind)
    if wanted.use is not None:
        query = query.filter(
            Q(uses__isnull=True) | Q(uses__contains=f'"{wanted.use}"'),
            holding__block__credit_kind__in=_kinds_for(wanted.use, on),
        )
    if wanted.project is not None:
        query = query.filter(holding__block__project_key=wanted.project)
    if wanted.country is not None or wanted.prefecture is not None:
        projects = find_projects(load_catalogue().values(), country=wanted.country, prefecture=wanted.prefecture)
        query = query.filter(holding__block__project_key__in=[project.key for project in projects])
    if wanted.max_yen_per_tonne is not None:
        query = query.filter(yen_per_tonne__lte=wanted.max_yen_per_tonne)
    if wanted.vintage is not None:
        # a monitoring period is a text of two days, which no dialect compares with a year
        known = await query.distinct().values_list("holding__block__vintages", flat=True)
        query = query.filter(
            holding__block__vintages__in=[str(one) for one in known if is_of_year(str(one), wanted.vintage)]
        )
    return query


def _kinds_for(purpose: Purpose, on: date) -> list[CreditKind]:
    return [
        kind for kind in CreditKind if any(use.purpose is purpose and use.may_be_claimed for use in uses_for(kind, on))
    ]


async def _free_tonnes(holding_ids: set[str]) -> Mapping[str, int]:
    rows = (
        await Interval.filter(holding_id__in=holding_ids, state=IntervalState.AVAILABLE)
        .annotate(lows=Sum("first_serial"), highs=Sum("last_serial"), rows=Count("id"))
        .group_by("holding_id")
        .values("holding_id", "lows", "highs", "rows")
    )
    return {row["holding_id"]: int(row["highs"] - row["lows"] + row["rows"]) for row in rows}
