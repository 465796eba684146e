"""Adding to a certified order what its footprint, or the one with the actual figures, leaves open."""

import re
from dataclasses import dataclass

from marketplace.errors import NothingToTopUp
from marketplace.footprints.service import stored
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.quotes.models import Quote
from marketplace.quotes.topping_up import open_grams

_FOOTPRINT = re.compile(r"fpr_[\w-]+")


@dataclass(frozen=True, slots=True)
class TopUpView:
    """`open_g` of the order's own footprint, 0 where all of it is covered; `type` is that footprint's."""

    footprint_id: str
    open_g: int
    type: str


async def top_up_of(order: Order, quote: Quote) -> TopUpView | None:
    """None while an order has nothing certified, or has no footprint that could be covered."""
    if order.state != OrderState.FULFILLED or quote.footprint_id is None:
        return None
    try:
        missing = await open_grams(order, quote.footprint_id)
    except NothingToTopUp:
        missing = 0
    return TopUpView(quote.footprint_id, missing, (await stored(quote.footprint_id)).type)


def footprint_in(address: str) -> str:
    """The id of the footprint that a typed address leads to: the second of a comparison. As typed where there is none."""
    found = _FOOTPRINT.findall(address)
    return found[-1] if found else address.strip()
