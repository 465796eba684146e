"""After the event: a new order for what the actual figures leave open beyond an earlier order."""

from marketplace.errors import FootprintNotFound, NothingToTopUp, TopUpTooEarly
from marketplace.footprints.models import StoredFootprint
from marketplace.orders.models import Order, Shortfall
from marketplace.orders.states import OrderState
from marketplace.quotes.models import GRAMS_PER_TONNE, Quote


async def open_grams(first: Order, footprint_id: str) -> int:
    """Grams of the footprint that neither the first order nor its earlier top-ups cover.

    Raises FootprintNotFound, TopUpTooEarly while the first order is not fulfilled, NothingToTopUp.
    """
    footprint = await StoredFootprint.get_or_none(id=footprint_id)
    if footprint is None:
        raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
    if first.state != OrderState.FULFILLED:
        raise TopUpTooEarly(f"order {first.id} is {first.state}", state=first.state)
    covered = await covered_grams(first)
    missing = footprint.total_g - covered
    if missing <= 0:
        raise NothingToTopUp(f"{covered} g cover {footprint.total_g} g", covered_g=covered, total_g=footprint.total_g)
    return missing


async def covered_grams(first: Order) -> int:
    """What the first order, which is fulfilled, and its fulfilled top-ups came to; what could not be cancelled is not in it."""
    further = await Quote.filter(tops_up=first.id).values_list("id", flat=True)
    orders = [first, *(await Order.filter(state=OrderState.FULFILLED, quote_id__in=further) if further else [])]
    ordered = sum([quote.grams for quote in await Quote.filter(id__in=[order.quote_id for order in orders])])
    short = await Shortfall.filter(order_id__in=[order.id for order in orders])
    return ordered - sum(one.tonnes for one in short) * GRAMS_PER_TONNE
