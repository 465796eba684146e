"""Many buyers at one pool: every gram goes to one of them, whatever dies on the way."""

import asyncio
from dataclasses import replace

import pytest

from certificates.models import Certificate
from marketplace import checkouts
from marketplace.certification import service as certification
from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits
from marketplace.orders import fulfilment
from marketplace.orders import service as orders
from marketplace.orders.states import OrderState
from marketplace.pools import service as pools
from marketplace.pools.models import Pool, PoolDraw
from tests.builders.market import a_listing, an_order
from tests.builders.pools import TONNE, a_dear_listing, a_gram_order, a_gram_quote, paid_grams, with_pools
from tests.fakes.observed import Observed
from tests.faults.amounts import SHARE, amount
from tests.marketplace.orders.test_killed_anywhere import killed_once_then_recovered

BUYERS = amount(200, 24)
KILL_EVERY = 1 if SHARE else 9


@pytest.fixture
def small(small):
    return with_pools(small)


async def at_once(small, listing, grams: int, buyers: int) -> tuple[int, set[type]]:
    answers = await asyncio.gather(
        *(a_gram_quote(small, listing, grams) for _ in range(buyers)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    return buyers - len(refused), {type(one) for one in refused}


class TestTheEndOfAPool:
    async def test_in_steps_of_one_gram_each_is_sold_once(self, small):
        listing = await a_dear_listing(small, tonnes=1)
        left = BUYERS // 2
        await paid_grams(small, listing, TONNE - left)
        await small.work()
        assert await at_once(small, listing, 1, BUYERS) == (left, {NotEnoughUnits})
        assert (await Pool.get()).left_g == 0

    async def test_the_last_units_of_a_lot_become_one_pool_that_all_share(self, small):
        listing = await a_dear_listing(small, tonnes=1)
        assert await at_once(small, listing, 100_000, 12) == (10, {NotEnoughUnits})
        assert sum(draw.grams for draw in await PoolDraw.all()) == TONNE

    async def test_grams_and_whole_tonnes_compete_for_the_last_tonne(self, small):
        listing = await a_dear_listing(small, tonnes=1)
        answers = await asyncio.gather(
            a_gram_quote(small, listing, TONNE), a_gram_quote(small, listing, 1), return_exceptions=True
        )
        assert sorted(isinstance(answer, NotEnoughUnits) for answer in answers) == [False, True]


class TestADrawRacedByTheSweepThatDropsAPool:
    async def test_either_the_pool_stays_or_another_is_planned(self, small):
        for _ in range(5):
            listing = await a_dear_listing(small, tonnes=2)
            quote = await a_gram_quote(small, listing, 1)
            await run_tx(lambda _, quote=quote: pools.give_back(quote.id))
            pool = await Pool.filter(listing_id=listing.id).first()
            drawn, _ = await asyncio.gather(
                a_gram_quote(small, listing, 5), run_tx(lambda tx, pool=pool: pools.drop_unwanted(tx, pool.id))
            )
            assert [draw.grams for draw in await pools.draws_of(drawn.id)] == [5]


class TestPaymentsForOnePlannedPool:
    async def test_open_it_once(self, small):
        listing = await a_dear_listing(small, tonnes=5)
        waiting = [await a_gram_order(small, listing, 1_000) for _ in range(6)]
        for order in waiting:
            await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert [(await orders.find(order.id)).state for order in waiting] == [OrderState.FULFILLED] * 6
        assert len(small.registry.cancelled) == 1


class TestKilledBetweenPaymentAndCertificate:
    async def test_at_every_point_the_grams_are_handed_on_once(self, small):
        small.market = replace(
            small.market,
            payments=Observed(small.payments, "payments"),
            registries={"jcredit": Observed(small.registry, "registry")},
        )

        async def bought(number: int | None) -> tuple[list[str], str]:
            # a listing of its own, so that each round opens a pool
            order = await a_gram_order(small, await a_dear_listing(small, tonnes=2, provider=f"prov_{number}"), 300_000)
            await small.deliver(small.payments.pay(order.checkout_session))
            points = await killed_once_then_recovered(small, small.work, number)
            return points, (await orders.find(order.id)).state

        points, state = await bought(None)
        assert state == OrderState.FULFILLED
        for number in range(2, len(points) + 1, KILL_EVERY):
            assert (await bought(number))[1] == OrderState.FULFILLED, points[number - 1]
        rounds = 1 + len(range(2, len(points) + 1, KILL_EVERY))
        assert len(small.registry.cancelled) == rounds
        assert sum(draw.grams for draw in await PoolDraw.filter(handed_on=True)) == rounds * 300_000


class TestAnOrdinaryOrder:
    async def test_has_nothing_to_do_with_pools(self, small):
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.FULFILLED
        assert not await Pool.exists()


class TestAJobThatRunsBesideItself:
    """Its lease ran out while it was still at work, as it may on a busy machine: one of the two does it, the other finds it done."""

    async def test_retires_and_certifies_once_and_fails_nowhere(self, small):
        with_pools(small, pool_tonnes=10)
        listing = await a_dear_listing(small)
        await paid_grams(small, listing, 5_000)
        await small.work()
        order = await paid_grams(small, listing, 5_000)
        await checkouts.settle(small.market, order.checkout_session)
        await asyncio.gather(*(fulfilment.retire(small.market, order.id) for _ in range(3)))
        assert sum(draw.grams for draw in await PoolDraw.filter(handed_on=False)) == 5_000
        await asyncio.gather(*(certification.certify(small.market, order.id) for _ in range(3)))
        assert (await orders.find(order.id)).state == OrderState.FULFILLED
        assert await Certificate.filter(order_reference=order.id).count() == 1
