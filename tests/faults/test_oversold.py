"""Twice as many buyers as there are units, all at once: exactly all are sold, and nobody pays for none (F12)."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from marketplace.errors import NotEnoughUnits
from marketplace.inventory import service as inventory
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.pools.models import Pool, PoolDraw
from marketplace.quotes.models import Quote
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish
from tests.builders.pools import TONNE, a_dear_listing, a_gram_quote, paid_grams, with_pools
from tests.faults.amounts import SHARE, amount

ROUNDS = amount(50, 1)
BUYERS = 200 if SHARE else 24
UNITS = BUYERS // 2
LONGEST_SECONDS = 1
"""Of this process, while all others are asking too: what else the machine does meanwhile does not count."""


async def all_at_once(quoted: Callable[[], Awaitable[Quote]]) -> list[Quote]:
    """The quotes of those who got one; the others were told that there is nothing left, and all of them soon."""
    waited = []

    async def buyer() -> Quote | None:
        began = time.process_time()
        try:
            return await quoted()
        except NotEnoughUnits:
            return None
        finally:
            waited.append(time.process_time() - began)

    got = [quote for quote in await asyncio.gather(*(buyer() for _ in range(BUYERS))) if quote is not None]
    assert sorted(waited)[len(waited) * 99 // 100] <= LONGEST_SECONDS
    return got


async def all_pay(small: SmallMarket, got: list[Quote]) -> None:
    async def pay(quote: Quote) -> None:
        order = await orders.place(small.market, a_wish(quote))
        order = await orders.open_checkout(small.market, order.id)
        await small.deliver(small.payments.pay(order.checkout_session))

    await asyncio.gather(*(pay(quote) for quote in got))
    await small.work(rounds=10_000)


class TestALotOfWholeTonnes:
    async def test_is_sold_exactly_once(self, small):
        for number in range(1, ROUNDS + 1):
            listing = await a_listing(small, tonnes=UNITS)
            got = await all_at_once(lambda listing=listing: a_quote(small, listing, tonnes=1))
            assert len(got) == UNITS
            assert await inventory.free_tonnes(listing.holding_id) == 0
            await all_pay(small, got)
            assert len(small.registry.cancelled) == number * UNITS
        assert Counter(await Order.all().values_list("state", flat=True)) == {OrderState.FULFILLED: ROUNDS * UNITS}
        assert len(small.payments.sessions) == ROUNDS * UNITS


class TestTheLastGramsOfATonne:
    async def test_are_sold_exactly_once(self, small):
        with_pools(small)
        for number in range(1, ROUNDS + 1):
            listing = await a_dear_listing(small, tonnes=1, provider=f"prov_{number}")
            await paid_grams(small, listing, TONNE - UNITS)
            await small.work()
            got = await all_at_once(lambda listing=listing: a_gram_quote(small, listing, 1))
            assert len(got) == UNITS
            await all_pay(small, got)
            assert len(small.registry.cancelled) == number
        # the buyers', that of everything before the last grams, and the service's own for the pool's tonne
        orders_in_all = ROUNDS * (UNITS + 2)
        assert Counter(await Order.all().values_list("state", flat=True)) == {OrderState.FULFILLED: orders_in_all}
        assert sum(draw.grams for draw in await PoolDraw.filter(handed_on=True)) == ROUNDS * TONNE
        assert {pool.left_g for pool in await Pool.all()} == {0}
