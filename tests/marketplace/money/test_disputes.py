"""A dispute takes money away and may bring it back; a cancelled unit stays cancelled, so a lost one is our loss."""

import pytest

from marketplace.ledger import service as ledger
from marketplace.orders.states import OrderState
from marketplace.payments.disputes import ALLOWED_MOVES
from marketplace.payments.gateway import DisputeState
from marketplace.payments.models import DisputeRecord, Payment
from tests.builders.market import a_listing, an_order
from tests.marketplace.money.acts import a_paid_order, state_of


async def a_disputed_order(small, state=DisputeState.WITHDRAWN):
    order = await a_paid_order(small)
    payment = await Payment.get(order_id=order.id)
    await small.deliver(small.payments.object_to(payment.provider_payment, payment.amount_yen, state))
    await small.work()
    return order


async def books(order) -> tuple[int, int, int]:
    return (
        await ledger.balance(ledger.CLEARING),
        await ledger.balance(ledger.dispute_account("dp_1")),
        await ledger.balance(ledger.LOSS),
    )


class TestADispute:
    async def test_withholds_the_money_and_leaves_order_and_units_alone(self, small):
        order = await a_disputed_order(small)
        assert await books(order) == (0, order.total_yen, 0)
        assert await state_of(order) == OrderState.FULFILLED

    async def test_only_asked_about_moves_nothing(self, small):
        order = await a_disputed_order(small, DisputeState.INQUIRY)
        assert await books(order) == (order.total_yen, 0, 0)

    @pytest.mark.parametrize("seen_open", [True, False])
    async def test_won_brings_the_money_back(self, small, seen_open):
        order = await a_disputed_order(small, DisputeState.WITHDRAWN if seen_open else DisputeState.WON)
        await small.deliver(small.payments.decide_dispute("dp_1", DisputeState.WON))
        await small.work()
        assert await books(order) == (order.total_yen, 0, 0)
        assert (await DisputeRecord.get()).state == DisputeState.WON

    @pytest.mark.parametrize("seen_open", [True, False])
    async def test_lost_is_our_loss_and_the_certificate_stays(self, small, seen_open):
        order = await a_disputed_order(small, DisputeState.WITHDRAWN if seen_open else DisputeState.LOST)
        await small.deliver(small.payments.decide_dispute("dp_1", DisputeState.LOST))
        await small.work()
        assert await books(order) == (0, 0, order.total_yen)
        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.cancelled) == 3

    async def test_lost_and_won_on_appeal(self, small):
        order = await a_disputed_order(small)
        for state in (DisputeState.LOST, DisputeState.WON):
            await small.deliver(small.payments.decide_dispute("dp_1", state))
            await small.work()
        assert await books(order) == (order.total_yen, 0, 0)
        assert (await DisputeRecord.get()).changes == 3

    async def test_an_older_answer_never_undoes_a_newer_one(self, small):
        order = await a_disputed_order(small)
        lost = small.payments.decide_dispute("dp_1", DisputeState.LOST)
        await small.deliver(lost)
        await small.work()
        await small.deliver(small.payments.decide_dispute("dp_1", DisputeState.WITHDRAWN))
        await small.work()
        assert await books(order) == (0, 0, order.total_yen)

    async def test_heard_of_before_its_payment_waits_for_it(self, small):
        order = await an_order(small, await a_listing(small))
        paid = small.payments.pay(order.checkout_session)
        await small.deliver(small.payments.object_to(f"pi_{order.checkout_session}", order.total_yen))
        await small.work()
        assert not await DisputeRecord.exists()
        await small.deliver(paid)
        await small.work()
        assert await books(order) == (0, order.total_yen, 0)

    def test_what_is_won_is_final(self):
        assert ALLOWED_MOVES[DisputeState.WON] == frozenset()
