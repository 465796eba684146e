"""What names an order: its token for whoever has it; its id, its own number or its Idempotency-Key for a key of its owner."""

import re
from typing import Annotated

from pydantic import Field

from api.calls import Call
from api.v1.shapes import Wish
from marketplace.accounts.errors import ScopeMissing
from marketplace.accounts.keys import Scope
from marketplace.errors import ExternalIdTaken
from marketplace.orders import look_up, service
from marketplace.orders.models import Order

_OWNED = re.compile(r"org_[0-9A-HJKMNP-TV-Z]{26}:")
_ORDER_ID = re.compile(r"ord_[0-9A-HJKMNP-TV-Z]{26}")


class OrderPath(Wish):
    token: Annotated[
        str,
        Field(
            min_length=1, max_length=64, description="The order's token; with a key of its organisation also its id."
        ),
    ]


async def order_of(call: Call, named: str, *, needs: Scope = Scope.ORDERS_READ) -> Order:
    """An id opens nothing without a key of its owner that is made for it. Raises OrderNotFound, ScopeMissing."""
    organisation_id = call.holder.actor.organisation_id if call.holder else None
    if call.holder is None or organisation_id is None or not _ORDER_ID.fullmatch(named):
        return await service.find_by_token(named)
    if needs not in call.holder.scopes:
        raise ScopeMissing(f"the key lacks the scope {needs}", scope=needs)
    return await look_up.owned_by(organisation_id, named)


async def order_numbered(call: Call, organisation_id: str, *, external_id: str | None, key: str | None) -> Order | None:
    """The organisation's order with its own number, under its Idempotency-Key, or with both; one of them is given."""
    order = await Order.get_or_none(external_id=own_number(call, external_id or key))
    if key is None:
        return order
    under_key = await look_up.by_key(organisation_id, key)
    if external_id is None:
        # a key is its order's own number where there was no other
        return under_key or order
    same = under_key is not None and order is not None and under_key.id == order.id
    return order if same or external_id == key else None


def own_number(call: Call, external_id: str | None) -> str | None:
    """As it is stored: each organisation has its own numbers, so that none can tell which numbers others use."""
    if external_id is None:
        return None
    if call.holder is None:
        if _OWNED.match(external_id):
            raise ExternalIdTaken("numbers that begin like this are an organisation's", external_id=external_id)
        return external_id
    return f"{call.holder.actor.organisation_id}:{external_id}"


def shown_number(external_id: str | None) -> str | None:
    """As its owner sent it. A guest's own number may hold a colon, but never begins like an organisation's id."""
    if external_id is None or not _OWNED.match(external_id):
        return external_id
    return external_id.partition(":")[2]
