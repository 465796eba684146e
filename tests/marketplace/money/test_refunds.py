"""Money goes back once, in parts or whole, through every state a refund can have."""

import asyncio
from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.errors import RefundKeyReused, RefundTooLarge
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.cancellation import cancel
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.payments import prepaid, refunds
from marketplace.payments.gateway import PaymentMethod, PaymentRefused
from marketplace.payments.models import Payment, RefundRecord
from marketplace.payments.refund_states import BorneBy, RefundState
from marketplace.taken_back import service as taken_back
from tests.builders.market import a_listing, a_quote, a_wish, an_order
from tests.marketplace.money.acts import a_paid_order, an_order_just_paid, give_back, state_of

# what does not depend on the database is tried on one of them
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def happened(order) -> list[str]:
    return [event.kind for event in await events_of(order.id)]


class TestAPartGoesBack:
    async def test_and_the_rest_of_the_money_buys_what_is_left(self, small):
        order = await an_order_just_paid(small, listing=await a_listing(small, yen_per_tonne=3_333))
        record = await give_back(small, order, 1_000)
        await small.work()

        assert (await RefundRecord.get(id=record.id)).state == RefundState.SUCCEEDED
        assert await state_of(order) == OrderState.FULFILLED
        assert await ledger.balance(ledger.CLEARING) == order.total_yen - 1_000
        assert await ledger.balance("provider:prov_a") == -(9_999 + 999)
        earned = order.total_yen - 1_000 - 10_998
        assert await ledger.balance(ledger.FEE) + await ledger.balance(ledger.TAX) == -earned
        assert {Happened.PART_REFUND_DUE, Happened.PART_REFUNDED} <= set(await happened(order))

    async def test_parts_together_never_exceed_the_payment(self, small):
        order = await an_order_just_paid(small)
        await give_back(small, order, order.total_yen - 1, key="one")
        with pytest.raises(RefundTooLarge) as refused:
            await give_back(small, order, 2, key="two")
        assert refused.value.params == {"yen": 2, "left_yen": 1}
        with pytest.raises(RefundTooLarge):
            await give_back(small, order, 0, key="three")
        await give_back(small, order, 1, key="the last yen")

    async def test_of_an_order_that_is_not_paid_there_is_nothing_to_give(self, small):
        with pytest.raises(RefundTooLarge) as refused:
            await give_back(small, await an_order(small, await a_listing(small)), 1)
        assert refused.value.params == {"yen": 1, "left_yen": 0}

    async def test_what_is_earned_is_not_the_orders_to_give(self, small):
        order = await a_paid_order(small)
        with pytest.raises(RefundTooLarge) as refused:
            await give_back(small, order, 1)
        assert refused.value.params["left_yen"] == 0

    @on_sqlite
    async def test_and_all_parts_of_an_order_are_listed_oldest_first(self, small):
        order = await an_order(small, await a_listing(small))
        assert await refunds.of_order(order.id) == []
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.worker().run_due()
        given = [(await give_back(small, order, yen, key=str(yen))).id for yen in (500, 300)]
        assert [record.id for record in await refunds.of_order(order.id)] == given

    @on_sqlite
    async def test_and_the_order_is_refunded_when_the_last_of_it_has(self, small):
        order = await an_order_just_paid(small)
        first = await give_back(small, order, 500)
        await cancel(small.market, order.id)
        await refunds.advance(small.market, first.id)
        assert (await RefundRecord.get(id=first.id)).state == RefundState.SUCCEEDED
        assert await state_of(order) == OrderState.REFUND_DUE
        await small.work()
        assert await state_of(order) == OrderState.REFUNDED
        assert await ledger.balance(ledger.CLEARING) == 0

    async def test_at_the_same_moment_from_several_sides_never_exceed_the_payment(self, small):
        order = await an_order_just_paid(small)
        outcomes = await asyncio.gather(
            *(give_back(small, order, order.total_yen // 2, key=f"side-{side}") for side in range(4)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if isinstance(outcome, BaseException)] == [RefundTooLarge] * 2


class TestAKeyIsOneRefundForEver:
    async def test_the_same_key_again_changes_nothing(self, small):
        order = await an_order_just_paid(small)
        first = await give_back(small, order, 500)
        assert (await give_back(small, order, 500)).id == first.id
        await small.work()
        assert len(small.payments.refunds) == 1

    async def test_for_another_amount_it_is_refused(self, small):
        order = await an_order_just_paid(small)
        await give_back(small, order, 500)
        with pytest.raises(RefundKeyReused):
            await give_back(small, order, 501)


class TestAfterTheSaleSomebodyBearsIt:
    async def test_we_do(self, small):
        order = await a_paid_order(small)
        await give_back(small, order, 700, borne_by=BorneBy.SERVICE)
        await small.work()
        assert await ledger.balance(ledger.LOSS) == 700
        assert await state_of(order) == OrderState.FULFILLED
        with pytest.raises(RefundTooLarge) as refused:
            await give_back(small, order, order.total_yen - 699, key="more", borne_by=BorneBy.SERVICE)
        assert refused.value.params["left_yen"] == order.total_yen - 700

    async def test_or_the_sellers_in_the_shares_of_the_sale(self, small):
        order = await a_paid_order(small, listing=await a_listing(small, yen_per_tonne=10_000), tonnes=1)
        assert order.total_yen == 10_000 + 500 + 1_000 + 50
        await give_back(small, order, 1_155, borne_by=BorneBy.PROVIDERS)
        await small.work()
        assert await ledger.balance("provider:prov_a") == -(11_000 - 1_100)
        assert await ledger.balance(ledger.FEE) == -(500 - 50)
        assert await ledger.balance(ledger.TAX) == -(50 - 5)

    async def test_in_any_number_of_parts_to_the_last_yen(self, small):
        order = await a_paid_order(small, listing=await a_listing(small, yen_per_tonne=46), tonnes=1)
        assert order.total_yen == 46 + 2 + 4
        for number in range(13):
            await give_back(small, order, 4, key=f"yen-{number}", borne_by=BorneBy.PROVIDERS)
        assert await ledger.left_of_sale(order.id) == {"provider:prov_a": 0, "fee": 0}
        with pytest.raises(RefundTooLarge):
            await give_back(small, order, 1, key="one-more", borne_by=BorneBy.PROVIDERS)

    async def test_but_nobody_bears_as_a_seller_what_is_not_sold(self, small):
        with pytest.raises(RefundTooLarge):
            await give_back(small, await an_order_just_paid(small), 1, borne_by=BorneBy.PROVIDERS)


class TestMoneyThatDidNotComeByCard:
    async def test_goes_back_when_the_buyer_has_named_an_account(self, small):
        order = await _without_stock(small)
        await small.work()
        record = await RefundRecord.get()
        assert (record.state, await state_of(order)) == (RefundState.PENDING, OrderState.REFUND_DUE)
        assert Happened.REFUND_PENDING in await happened(order)
        assert Happened.PART_REFUND_DUE not in await happened(order)

        await small.deliver(small.payments.decide_refund("re_1", "succeeded"))
        await small.work()

        assert await state_of(order) == OrderState.REFUNDED
        assert await ledger.balance(ledger.CLEARING) == 0

    async def test_a_lost_webhook_is_made_up_for_by_looking_again(self, small):
        order = await _without_stock(small)
        await small.work()
        small.payments.decide_refund("re_1", "succeeded")
        await small.work_for(timedelta(hours=6), step=timedelta(hours=1))
        assert await state_of(order) == OrderState.REFUNDED


class TestAFailedRefundIsTriedAgain:
    async def test_with_another_key_after_a_day(self, small):
        order = await _without_stock(small)
        await small.work()
        await small.deliver(small.payments.decide_refund("re_1", "failed"))
        await small.work()
        record = await RefundRecord.get()
        assert (record.state, record.failure) == (RefundState.FAILED, "failed")

        small.clock.advance(timedelta(days=1))
        await small.work()
        await small.deliver(small.payments.decide_refund("re_2", "succeeded"))
        await small.work()

        assert await state_of(order) == OrderState.REFUNDED
        assert list(small.payments.refunds) == [f"{record.id}:1", f"{record.id}:2"]

    async def test_also_when_the_bank_sends_back_what_had_succeeded(self, small):
        order = await an_order_just_paid(small)
        await give_back(small, order, 500)
        await small.work()
        await small.deliver(small.payments.decide_refund("re_1", "failed"))
        await small.work()
        assert await ledger.balance(ledger.CLEARING) == order.total_yen
        small.clock.advance(timedelta(days=1))
        await small.work()
        assert await ledger.balance(ledger.CLEARING) == order.total_yen - 500
        assert (await RefundRecord.get()).attempt == 2

    async def test_and_news_of_the_earlier_attempt_change_nothing_any_more(self, small):
        await _without_stock(small)
        await small.work()
        failed = small.payments.decide_refund("re_1", "failed")
        await small.deliver(failed)
        await small.work()
        small.clock.advance(timedelta(days=1))
        await small.work()
        await taken_back.follow_refund(small.market, "re_1")
        assert (await RefundRecord.get()).state == RefundState.PENDING

    async def test_three_times_then_a_person_must_look(self, small):
        await _without_stock(small)
        for number in (1, 2, 3):
            await small.work()
            await small.deliver(small.payments.decide_refund(f"re_{number}", "failed"))
            await small.work()
            small.clock.advance(timedelta(days=1))
        await small.work()
        record = await RefundRecord.get()
        assert (record.state, record.attempt) == (RefundState.FAILED, 3)
        assert len(small.payments.refunds) == 3

    async def test_a_refusal_by_the_provider_waits_for_a_person(self, small):
        order = await an_order_just_paid(small)

        async def refuse(payment, amount, *, key):
            raise PaymentRefused("charge_disputed", "no")

        small.payments.refund = refuse
        await give_back(small, order, 500)
        await small.work()
        record = await RefundRecord.get()
        assert (record.state, record.failure) == (RefundState.FAILED, "charge_disputed")
        assert Happened.REFUND_FAILED in await happened(order)


class TestARefundMadeAtTheProvider:
    async def test_is_booked_as_our_loss_and_the_order_goes_on(self, small):
        order = await an_order_just_paid(small)
        payment = await Payment.get(order_id=order.id)
        event = small.payments.refund_by_hand(payment.provider_payment, 300)
        await small.deliver(event)
        await small.deliver(event)
        await small.work()
        record = await RefundRecord.get()
        assert (record.reason, record.state) == ("made_at_provider", RefundState.SUCCEEDED)
        assert await ledger.balance(ledger.LOSS) == 300
        assert await state_of(order) == OrderState.FULFILLED

    async def test_and_heard_of_before_its_payment_waits_for_it(self, small):
        order = await an_order(small, await a_listing(small))
        paid = small.payments.pay(order.checkout_session)
        await small.deliver(small.payments.refund_by_hand(f"pi_{order.checkout_session}", 300))
        await small.work()
        assert not await RefundRecord.exists()
        await small.deliver(paid)
        await small.work()
        assert (await RefundRecord.get()).amount_yen == 300


class TestAPrepaidOrder:
    async def test_is_paid_from_the_balance_and_refunded_to_it(self, small):
        async def pay(tx):
            await balance.credit("org_1", 20_000, taken_from=ledger.CLEARING, event="deposit:1", at=small.clock())
            await prepaid.pay(tx, order, "org_1", at=small.clock())
            await orders.move(order, OrderState.PAID)

        order = await orders.place(small.market, a_wish(await a_quote(small, await a_listing(small))))
        await run_tx(pay)
        order = await orders.find(order.id)
        assert await balance.balance_of("org_1") == 20_000 - order.total_yen
        await give_back(small, order, order.total_yen - 1)
        assert await balance.balance_of("org_1") == 20_000 - 1
        assert small.payments.refunds == {}
        assert Happened.PART_REFUNDED in await happened(order)


async def _without_stock(small):
    """An order paid at a store long after its units were gone, and nothing to replace them."""
    listing = await a_listing(small, tonnes=3)
    order = await an_order(small, listing)
    await small.deliver(small.payments.promise(order.checkout_session, PaymentMethod.BANK_TRANSFER))
    await small.work()
    small.clock.advance(timedelta(days=8))
    await settlement.enqueue_overdue(small.market)
    await small.work()
    assert await state_of(order) == OrderState.EXPIRED
    await a_quote(small, listing)
    await small.deliver(small.payments.arrive(order.checkout_session))
    return order
