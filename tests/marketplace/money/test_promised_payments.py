"""Konbini and bank transfer: the buyer promises, the units wait, the money comes in time, late or never."""

from datetime import timedelta

import pytest

from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.payments.gateway import PaymentMethod
from tests.builders.market import a_listing, a_quote, a_wish, an_order
from tests.marketplace.money.acts import state_of


async def promised(small, listing, method=PaymentMethod.KONBINI, *, days=3):
    order = await an_order(small, listing)
    pay_by = small.clock() + timedelta(days=days) if method is PaymentMethod.KONBINI else None
    await small.deliver(small.payments.promise(order.checkout_session, method, pay_by=pay_by))
    await small.work()
    return await orders.find(order.id)


async def overdue(small) -> None:
    await settlement.enqueue_overdue(small.market)
    await small.work()


class TestAPromise:
    async def test_moves_the_deadline_and_shows_how_to_pay(self, small):
        order = await promised(small, await a_listing(small))
        assert order.state == OrderState.AWAITING_PAYMENT
        assert order.pay_until == small.clock() + timedelta(days=3)
        assert order.checkout_url == f"https://pay.example/how/{order.checkout_session}"
        assert (await events_of(order.id))[-1].kind == Happened.PAYMENT_PROMISED

    async def test_keeps_the_units_until_its_last_moment(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await promised(small, listing)
        small.clock.advance(timedelta(days=2, hours=23))
        await overdue(small)
        assert await inventory.free_tonnes(listing.holding_id) == 0
        assert (await Interval.get(state="reserved")).reserved_until > order.pay_until

    async def test_told_twice_is_one_promise(self, small):
        order = await promised(small, await a_listing(small), PaymentMethod.BANK_TRANSFER)
        small.clock.advance(timedelta(days=1))
        await settlement.settle(small.market, order.checkout_session)
        assert (await orders.find(order.id)).pay_until == order.pay_until

    async def test_heard_before_the_page_was_noted_is_looked_at_again(self, small):
        order = await orders.place(small.market, a_wish(await a_quote(small, await a_listing(small))))
        opened = await small.payments.open_checkout(await orders._checkout_request(small.market, order))
        await small.deliver(small.payments.promise(opened.id, PaymentMethod.BANK_TRANSFER))
        await small.work()
        small.clock.advance(timedelta(seconds=3))
        await small.work()
        assert (await events_of(order.id))[-1].kind == Happened.PAYMENT_PROMISED


class TestMoneyInTime:
    @pytest.mark.parametrize("method", [PaymentMethod.KONBINI, PaymentMethod.BANK_TRANSFER])
    async def test_is_served_from_the_reserved_units(self, small, method):
        order = await promised(small, await a_listing(small, tonnes=3), method)
        small.clock.advance(timedelta(days=2))
        await small.deliver(small.payments.arrive(order.checkout_session))
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED
        assert Happened.UNITS_REPLACED not in {event.kind for event in await events_of(order.id)}


class TestMoneyThatDoesNotCome:
    async def test_a_lapsed_voucher_gives_the_units_back(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await promised(small, listing)
        small.clock.advance(timedelta(days=3, seconds=1))
        await small.deliver(small.payments.lapse(order.checkout_session))
        await small.work()
        assert await state_of(order) == OrderState.PAYMENT_FAILED
        assert await inventory.free_tonnes(listing.holding_id) == 3

    async def test_a_promise_whose_event_was_lost_runs_out_at_its_own_deadline(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await an_order(small, listing)
        small.payments.promise(order.checkout_session, PaymentMethod.KONBINI, pay_by=small.clock() + timedelta(days=3))
        small.clock.advance(timedelta(minutes=46))
        await overdue(small)
        assert await state_of(order) == OrderState.AWAITING_PAYMENT

        small.clock.advance(timedelta(days=3))
        await overdue(small)
        small.clock.advance(timedelta(minutes=11))
        await overdue(small)
        assert await state_of(order) == OrderState.EXPIRED
        assert await inventory.free_tonnes(listing.holding_id) == 3

    async def test_a_bank_transfer_is_awaited_for_seven_days(self, small):
        order = await promised(small, await a_listing(small), PaymentMethod.BANK_TRANSFER)
        small.clock.advance(timedelta(days=6, hours=23))
        await overdue(small)
        assert await state_of(order) == OrderState.AWAITING_PAYMENT
        small.clock.advance(timedelta(hours=2))
        await overdue(small)
        assert await state_of(order) == OrderState.EXPIRED


class TestMoneyThatComesLate:
    async def test_takes_what_is_free_then(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await self._expired(small, listing)
        await small.deliver(small.payments.arrive(order.checkout_session))
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED

    async def _expired(self, small, listing):
        order = await promised(small, listing, PaymentMethod.BANK_TRANSFER)
        small.clock.advance(timedelta(days=8))
        await overdue(small)
        assert await state_of(order) == OrderState.EXPIRED
        return order
