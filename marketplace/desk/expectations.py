"""By when the people at the desk can have dealt with an order: the truth behind its page."""

from collections.abc import Mapping
from datetime import datetime

from marketplace.registries.desk.models import ItemRecord
from marketplace.retirements.models import Retirement


async def due_by_registry(order_id: str) -> Mapping[str, datetime]:
    """For what of the order has reached the desk: the latest due moment by registry code. It does not move with the clock."""
    references = await Retirement.filter(order_id=order_id).values_list("reference", flat=True)
    items = await ItemRecord.filter(reference__in=list(references)).order_by("due_at")
    return {item.registry: item.due_at for item in items}
