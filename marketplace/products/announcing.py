"""Tell a product's organisation, as an event, how its cover stands: when cover came in or was taken away, and when much of it is sold."""

from datetime import datetime

from marketplace.clock import japan_date
from marketplace.mail.post import JSON
from marketplace.notifications import telling
from marketplace.notifications.kinds import EventType
from marketplace.products.coverage import coverage
from marketplace.products.service import find


async def announce_coverage(product_id: str, *, at: datetime) -> None:
    """Inside the caller's transaction, after the ledger of units has changed: the figures of today's period in Japan."""
    product = await find(product_id)
    stands = await coverage(product, japan_date(at))
    data: dict[str, JSON] = {
        "product": {"id": product.id, "number": product.number},
        "coverage": {
            "state": stands.state.value,
            "from_day": stands.from_day.isoformat() if stands.from_day else None,
            "until_day": stands.until_day.isoformat() if stands.until_day else None,
            "covered_units": stands.covered_units,
            "covered_g": stands.covered_g,
            "kept_units": stands.kept_units,
            "left_units": stands.left_units,
        },
    }
    await telling.tell(product.organisation_id, EventType.PRODUCT_COVERAGE_CHANGED, product.id, data, at=at)
