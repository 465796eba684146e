"""What the orders of an application learn, each once, on their time lines."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.orders.timeline import Happened, note
from marketplace.retirements.models import Retirement


async def tell_orders(
    references: Sequence[str], kind: Happened, *, at: datetime, application: str, registry: str
) -> None:
    """Inside the transaction that is the reason for it. Our reference is that of the retirement."""
    orders = await Retirement.filter(reference__in=references).values_list("order_id", flat=True)
    for order_id in dict.fromkeys(str(one) for one in orders):
        await note(order_id, kind, at=at, application=application, registry=registry)
