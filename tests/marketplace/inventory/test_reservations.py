import asyncio
import random

import pytest

from marketplace import invariants
from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits, QuoteUsed
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import PaymentState
from marketplace.quotes import service as quotes
from tests.builders.market import a_listing, a_quote, a_wish, an_order


class TestALotIsNeverOversold:
    async def test_many_buyers_at_once_get_exactly_what_there_is(self, small):
        listing = await a_listing(small, tonnes=100)
        answers = await asyncio.gather(*(a_quote(small, listing, tonnes=7) for _ in range(40)), return_exceptions=True)
        sold = [answer for answer in answers if not isinstance(answer, Exception)]
        assert len(sold) == 14
        assert {type(answer) for answer in answers if isinstance(answer, Exception)} == {NotEnoughUnits}
        assert await inventory.free_tonnes(listing.holding_id) == 100 - 14 * 7

    async def test_the_last_tonne_goes_to_one_of_two(self, small):
        listing = await a_listing(small, tonnes=1)
        answers = await asyncio.gather(
            a_quote(small, listing, tonnes=1), a_quote(small, listing, tonnes=1), return_exceptions=True
        )
        assert sorted(isinstance(answer, NotEnoughUnits) for answer in answers) == [False, True]

    async def test_the_whole_lot_can_be_taken(self, small):
        listing = await a_listing(small, tonnes=100)
        await a_quote(small, listing, tonnes=100)
        assert await inventory.free_tonnes(listing.holding_id) == 0
        assert await Interval.all().count() == 1


class TestAQuoteRacedByTwoOrders:
    async def test_makes_one_order(self, small):
        quote = await a_quote(small, await a_listing(small))
        answers = await asyncio.gather(
            *(orders.place(small.market, a_wish(quote)) for _ in range(5)), return_exceptions=True
        )
        assert sum(isinstance(answer, QuoteUsed) for answer in answers) == 4


class TestAPaymentRacedByTheDeadline:
    async def test_never_both_paid_and_unserved(self, small):
        for _ in range(10):
            order = await an_order(small, await a_listing(small, tonnes=3), tonnes=3)
            event = small.payments.pay(order.checkout_session)
            await asyncio.gather(small.deliver(event), settlement.run_out(small.market, order.id))
            await small.work()
            assert (await orders.find(order.id)).state == OrderState.FULFILLED


class TestAPaymentPageOpenedAtTheDeadline:
    async def test_is_closed_and_the_units_are_free_again(self, small):
        listing = await a_listing(small, tonnes=30)
        for _ in range(5):
            order = await orders.place(small.market, a_wish(await a_quote(small, listing, tonnes=3)))
            small.clock.now = order.pay_until
            await asyncio.gather(
                orders.open_checkout(small.market, order.id), settlement.run_out(small.market, order.id)
            )
            await small.work()
            order = await orders.find(order.id)
            assert order.state == OrderState.EXPIRED
            if order.checkout_session is not None:
                assert small.payments.sessions[order.checkout_session].state is PaymentState.EXPIRED
        assert await inventory.free_tonnes(listing.holding_id) == 30


class TestSplitsAndMergesKeepEverySerial:
    @pytest.mark.parametrize("seed", range(5))
    async def test_random_quotes_that_run_out_leave_one_whole_interval(self, small, seed):
        chance = random.Random(seed)
        listing = await a_listing(small, tonnes=50)
        held = []
        for _ in range(30):
            if held and chance.random() < 0.45:
                quote = held.pop(chance.randrange(len(held)))

                async def release(tx, quote=quote):
                    await quotes.Quote.filter(id=quote.id).update(state="expired")
                    await inventory.release(tx, [line.id for line in await quotes.lines_of(quote.id)])

                await run_tx(release)
            else:
                try:
                    held.append(await a_quote(small, listing, tonnes=chance.randint(1, 12)))
                except NotEnoughUnits:
                    assert await inventory.free_tonnes(listing.holding_id) < 12
            free = await inventory.free_tonnes(listing.holding_id)
            assert free == 50 - sum(quote.tonnes for quote in held)
            assert await invariants.violations() == []
