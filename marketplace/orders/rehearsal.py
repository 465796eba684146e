"""Try an order without placing it: the very same steps under the very same rules, and then all of it is taken back."""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.service import OrderWish, place


class _TakenBack(Exception):
    """Ends the transaction; carries out of it what would have been written."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.id)
        self.order = order


async def rehearse(market: Market, wish: OrderWish) -> Order:
    """The order as it would stand; nothing of it exists afterwards, not even its id. Raises as `place`."""

    async def work(_: BaseDBAsyncClient) -> None:
        raise _TakenBack(await place(market, wish))

    try:
        await run_tx(work)
    except _TakenBack as rehearsed:
        return rehearsed.order
    raise AssertionError("a rehearsal always ends by taking itself back")
