"""Webhooks in any order, late, lost and at the same moment as a deadline: the end is the same.

ASHIATO_FAULTS=full plays every order of the events (F2), 1,000 orders with lost webhooks (F3), 200 late ones (F4), 1,000 races (F13).
"""

import asyncio
import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.ledger import service as ledger
from marketplace.orders import settlement
from marketplace.orders.states import OrderState
from marketplace.payments import early_news, inbox
from marketplace.payments.events import Subject
from marketplace.payments.gateway import PaymentMethod
from marketplace.payments.models import DisputeRecord, Payment, RefundRecord
from marketplace.quotes import service as quotes
from tests.builders.market import a_listing, a_quote, an_order
from tests.faults.amounts import amount
from tests.marketplace.money.acts import five_events, state_of

SERVED_OR_REFUNDED = {OrderState.FULFILLED, OrderState.REFUNDED}


def some(everything, count, *, seed=2):
    return random.Random(seed).sample(everything, amount(len(everything), count))


async def end_of(order) -> tuple:
    payment = (await Payment.get(order_id=order.id)).id
    return (
        await state_of(order),
        [(one.amount_yen, one.state, one.reason) for one in await RefundRecord.filter(payment_id=payment)],
        [(one.amount_yen, one.state) for one in await DisputeRecord.filter(payment_id=payment)],
        await ledger.balance(ledger.order_account(order.id)),
    )


class TestEveryOrderOfTheFiveEventsEndsAlike:
    @pytest.mark.parametrize("method", list(PaymentMethod))
    async def test_as_their_natural_order(self, small, method):
        listing = await a_listing(small, tonnes=10_000)
        permutations = list(itertools.permutations(range(5)))
        ends = []
        for permutation in [permutations[0], *some(permutations[1:], 5)]:
            order = await an_order(small, listing)
            events = five_events(small, order, method)
            for place in permutation:
                await small.deliver(events[place])
                await small.work()
            ends.append(await end_of(order))
        assert ends[0][0] == OrderState.FULFILLED
        assert ends[0][1:] == ([(100, "succeeded", "made_at_provider")], [(ends[0][2][0][0], "lost")], 0)
        assert set(map(str, ends)) == {str(ends[0])}


class TestNewsHeardInTheMomentInWhichThePaymentIsBooked:
    async def test_is_followed_a_little_later(self, small):
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        payment = f"pi_{order.checkout_session}"
        refund = small.payments.refund_by_hand(payment, 100).object_id
        # whoever reads it has not seen the payment yet, and whoever booked the payment has not seen these news
        await run_tx(lambda tx: early_news.keep(tx, Subject.REFUND, refund, payment, at=small.clock()))
        await small.work()
        assert not await RefundRecord.exists()
        small.clock.advance(early_news.LOOK_ONCE_MORE_AFTER)
        await small.work()
        assert (await RefundRecord.get()).amount_yen == 100


class TestLostWebhooks:
    async def test_are_made_up_for_within_ten_minutes(self, small):
        listing = await a_listing(small, tonnes=10_000)
        placed = [await an_order(small, listing, tonnes=1) for _ in range(amount(1_000, 12))]
        lost = set(random.Random(3).sample(range(len(placed)), max(1, len(placed) // 10)))
        for number, order in enumerate(placed):
            event = small.payments.pay(order.checkout_session)
            if number not in lost:
                await small.deliver(event)
        await small.work(rounds=10_000)
        ends = [await state_of(order) for order in placed]
        assert {number for number, end in enumerate(ends) if end != OrderState.FULFILLED} == lost
        small.clock.advance(timedelta(minutes=9))
        await inbox.catch_up(small.market)
        await small.work(rounds=10_000)
        assert {await state_of(order) for order in placed} == {OrderState.FULFILLED}


class TestAWebhookAfterThreeDays:
    async def test_is_served_from_other_stock_or_refunded_in_full(self, small):
        listing, outcomes = await a_listing(small, tonnes=6), []
        for number in range(amount(200, 6)):
            order = await an_order(small, listing, tonnes=6)
            event = small.payments.pay(order.checkout_session)
            session = small.payments.sessions[order.checkout_session]
            # the provider's answer is as late as its webhook: until then the page looks expired
            small.payments.sessions[session.id] = replace(session, state="expired")
            small.clock.advance(timedelta(hours=72))
            await settlement.enqueue_overdue(small.market)
            await small.work()
            small.payments.sessions[session.id] = session
            taken = await a_quote(small, listing, tonnes=6) if number % 2 else None
            await small.deliver(event)
            await small.work()
            outcomes.append(await state_of(order))
            if outcomes[-1] == OrderState.FULFILLED:
                listing = await a_listing(small, tonnes=6)
            if taken is not None:
                small.clock.advance(timedelta(hours=1))
                await quotes.expire_stale(small.clock)
        assert set(outcomes) == SERVED_OR_REFUNDED
        assert len(small.registry.requests) == outcomes.count(OrderState.FULFILLED)
        assert len(small.payments.refunds) == outcomes.count(OrderState.REFUNDED)


class TestADeadlineInTheSameMomentAsThePayment:
    async def test_never_leaves_a_payment_unserved(self, small):
        for _ in range(amount(1_000, 6)):
            order = await an_order(small, await a_listing(small, tonnes=3))
            event = small.payments.pay(order.checkout_session)
            await asyncio.gather(small.deliver(event), settlement.run_out(small.market, order.id), small.work())
            await small.work()
            assert await state_of(order) in SERVED_OR_REFUNDED
