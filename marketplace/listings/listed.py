"""A listing together with the holding that it offers."""

from marketplace.database import rows
from marketplace.inventory.holdings import whole_holding
from marketplace.listings.models import Listing


async def listing_with_holding(listing_id: str) -> Listing | None:
    """The listing with its whole holding, or None."""
    listing = await rows.find(Listing, id=listing_id)
    if listing is not None:
        listing.holding = await whole_holding(listing.holding_id)
    return listing
