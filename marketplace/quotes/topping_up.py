"""After the event: a new order for what the actual figures leave open beyond an earlier order."""

from tortoise.expressions import Subquery

from marketplace.errors import FootprintNotFound, NothingToTopUp, TopUpTooEarly
from marketplace.footprints.models import StoredFootprint
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.quotes.models import Quote


async def open_grams(first: Order, footprint_id: str) -> int:
    """Grams of the footprint that neither the first order nor its earlier top-ups cover.

    Raises FootprintNotFound, TopUpTooEarly while the first order is not fulfilled, NothingToTopUp.
    """
    footprint = await StoredFootprint.get_or_none(id=footprint_id)
    if footprint is None:
        raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
    if first.state != OrderState.FULFILLED:
        raise TopUpTooEarly(f"order {first.id} is {first.state}", state=first.state)
    covered = (await Quote.get(id=first.quote_id)).grams
    fulfilled = Order.filter(state=OrderState.FULFILLED).values("quote_id")
    covered += sum([quote.grams for quote in await Quote.filter(tops_up=first.id, id__in=Subquery(fulfilled))])
    missing = footprint.total_g - covered
    if missing <= 0:
        raise NothingToTopUp(f"{covered} g cover {footprint.total_g} g", covered_g=covered, total_g=footprint.total_g)
    return missing
