"""A listing together with the holding that it offers."""

from collections.abc import Sequence
from typing import TypeVar

from tortoise.models import Model

from marketplace.database import rows
from marketplace.database.rows import Joined
from marketplace.inventory.holdings import joined_to, put_together
from marketplace.inventory.models import Holding
from marketplace.listings.models import Listing


async def listing_with_holding(listing_id: str) -> Listing | None:
    """The listing with its whole holding, or None."""
    return (await listings_with_holdings([listing_id])).get(listing_id)


async def listings_with_holdings(listing_ids: Sequence[str]) -> dict[str, Listing]:
    """As listing_with_holding, by id; those that do not exist are left out."""
    wanted = sorted(set(listing_ids))
    found = await rows.find_joined(Listing, Joined(Holding, "holding_id"), *joined_to(1), id=wanted)
    for listing, *whole in found:
        listing.holding = put_together(*whole)
    return {listing.id: listing for listing, *_ in found}


L = TypeVar("L", bound=Model)


async def lines_with_listings(lines: type[L], quote_ids: Sequence[str]) -> list[tuple[L, Listing]]:
    """The lines of one kind of these quotes in the order of their ids, each with the listing that it is sold from and its whole
    holding."""
    found = await rows.find_joined(
        lines,
        Joined(Listing, "listing_id"),
        Joined(Holding, "holding_id", of=1),
        *joined_to(2),
        quote_id=list(quote_ids),
        order_by="id",
    )
    for _, listing, *whole in found:
        listing.holding = put_together(*whole)
    return [(line, listing) for line, listing, *_ in found]
