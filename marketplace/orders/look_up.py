"""An organisation finds its own orders: by id, by its own number, by the Idempotency-Key. Another's order looks like none."""

from marketplace.accounts import belongings
from marketplace.database import rows
from marketplace.errors import OrderNotFound
from marketplace.orders.models import Order, OrderKey


async def owned_by(organisation_id: str, order_id: str) -> Order:
    """Raises OrderNotFound."""
    order = await rows.find(Order, id=order_id)
    if order is None or await belongings.owner_of(order_id) != organisation_id:
        raise OrderNotFound("no order of yours has this id")
    return order


async def by_key(organisation_id: str, idempotency_key: str) -> Order | None:
    """The order that the organisation placed under the key beside a number of its own."""
    noted = await rows.find(OrderKey, organisation_id=organisation_id, idempotency_key=idempotency_key)
    return None if noted is None else await rows.get(Order, id=noted.order_id)
