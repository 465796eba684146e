"""A listing together with the holding that it offers."""

from collections.abc import Sequence

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
