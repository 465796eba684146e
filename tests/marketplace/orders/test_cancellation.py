"""An order is taken back free of charge until the registry has the request; then it is refused, and always one or the other."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.accounts import belongings
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import Role
from marketplace.database.transactions import run_tx
from marketplace.errors import BalanceTooLow, BelowSmallestPayment, NoBalance, OrderNotCancellable
from marketplace.inventory import service as inventory
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders.cancellation import cancel, is_free
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.participation.models import OrganiserPart, Payer
from marketplace.payments.gateway import PaymentMethod
from marketplace.registries.desk.gateway import DeskGateway
from marketplace.registries.desk.models import ItemRecord
from marketplace.registries.desk.states import ItemState
from marketplace.registries.profiles import load_profiles
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from tests.builders.events import after, an_attendee, an_event_page
from tests.builders.market import a_listing, a_quote, a_wish, an_order
from tests.builders.pools import a_gram_quote, paid_grams, with_pools

ORGANISATION = "org_01KAFQ3C9V3R6Y4M0N8T5B2D1E"
BUYER = Actor("per_1", "", "", ORGANISATION, None, frozenset({Role.BUYER}))


async def paid(small, listing):
    order = await an_order(small, listing, tonnes=3)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.worker().run_due()
    assert (await orders.find(order.id)).state == OrderState.PAID
    return order


async def an_organisation(small) -> None:
    await Organisation.create(id=ORGANISATION, name="Buyer", created_at=small.clock())


class TestBeforeThePayment:
    async def test_the_page_is_closed_and_the_units_are_free_again(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await an_order(small, listing, tonnes=3)
        assert await is_free(order)
        assert (await cancel(small.market, order.id)).state == OrderState.EXPIRED
        assert await inventory.free_tonnes(listing.holding_id) == 3
        assert small.payments.sessions[order.checkout_session].state == "expired"
        assert [event.kind for event in await events_of(order.id)][-1] == Happened.CANCELLED_BY_BUYER

    async def test_an_order_whose_page_is_not_open_yet_just_ends(self, small):
        order = await orders.place(small.market, a_wish(await a_quote(small, await a_listing(small))))
        assert (await cancel(small.market, order.id)).state == OrderState.EXPIRED
        assert small.payments.sessions == {}

    async def test_it_is_refused_once_the_money_was_promised(self, small):
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.promise(order.checkout_session, PaymentMethod.KONBINI))
        with pytest.raises(OrderNotCancellable) as refused:
            await cancel(small.market, order.id)
        assert refused.value.params == {"state": "payment_promised"}
        assert (await orders.find(order.id)).state == OrderState.AWAITING_PAYMENT

    async def test_money_that_came_in_the_same_moment_goes_back(self, small):
        order = await an_order(small, await a_listing(small))
        small.payments.pay(order.checkout_session)
        await cancel(small.market, order.id)
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.REFUNDED
        assert await ledger.balance(ledger.CLEARING) == 0


class TestAfterThePayment:
    async def test_everything_goes_back_and_the_registry_never_hears_of_it(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await paid(small, listing)
        assert await is_free(await orders.find(order.id))
        assert (await cancel(small.market, order.id)).state == OrderState.REFUND_DUE
        assert not await is_free(await orders.find(order.id))
        await small.work()
        after = await orders.find(order.id)
        assert (after.state, after.refund_reason) == (OrderState.REFUNDED, "cancelled_by_buyer")
        assert small.registry.requests == []
        assert await inventory.free_tonnes(listing.holding_id) == 3

    async def test_also_while_the_request_is_written_but_not_sent(self, small):
        listing = await a_listing(small, tonnes=3)
        order = await paid(small, listing)
        await small.worker().run_due()
        assert (await Retirement.get(order_id=order.id)).state == "queued"
        assert await is_free(await orders.find(order.id))
        small.clock.advance(timedelta(minutes=1))
        await cancel(small.market, order.id)
        ended = await Retirement.get(order_id=order.id)
        assert (ended.state, ended.rejection_reason) == ("rejected", "cancelled_by_buyer")
        assert ended.submitted_at == ended.decided_at == small.clock()
        assert [event.kind for event in await events_of(order.id)][-2:] == [
            Happened.CANCELLED_BY_BUYER,
            Happened.REFUND_DUE,
        ]
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.REFUNDED
        assert small.registry.requests == []
        assert await inventory.free_tonnes(listing.holding_id) == 3

    async def test_and_while_it_waits_at_the_desk_but_not_once_it_is_frozen(self, small):
        desk = DeskGateway(load_profiles()["jcredit"], small.clock)
        small.market = replace(small.market, registries={"jcredit": desk})
        listing = await a_listing(small)
        waiting, frozen = await paid(small, listing), await paid(small, listing)
        await small.work()
        assert await is_free(await orders.find(waiting.id))
        await cancel(small.market, waiting.id)
        await small.work()
        assert (await orders.find(waiting.id)).state == OrderState.REFUNDED
        assert (
            await ItemRecord.get(reference=(await Retirement.get(order_id=waiting.id)).reference)
        ).state == "rejected"

        reference = (await Retirement.get(order_id=frozen.id)).reference
        await ItemRecord.filter(reference=reference).update(
            state=ItemState.REJECTED, rejection_reason="x", decided_at=small.clock()
        )
        assert not await is_free(await orders.find(frozen.id))
        with pytest.raises(OrderNotCancellable) as refused:
            await cancel(small.market, frozen.id)
        assert refused.value.params == {"state": "submitted"}

    async def test_it_is_refused_once_the_registry_has_the_request(self, small):
        order = await paid(small, await a_listing(small))
        await small.work()
        assert not await is_free(await orders.find(order.id))
        with pytest.raises(OrderNotCancellable) as refused:
            await cancel(small.market, order.id)
        assert refused.value.params == {"state": "fulfilled"}

    @pytest.mark.parametrize(("answer", "state"), [("pending", "submitted"), ("lost_before", "unknown")])
    async def test_also_while_nobody_knows_what_the_registry_makes_of_it(self, small, answer, state):
        small.registry.script = [answer]
        order = await paid(small, await a_listing(small))
        while (await Retirement.get_or_none(order_id=order.id, state=state)) is None:
            await small.worker().run_due()
        small.registry.reports.clear()
        assert not await is_free(await orders.find(order.id))
        with pytest.raises(OrderNotCancellable) as refused:
            await cancel(small.market, order.id)
        assert refused.value.params == {"state": state}
        assert (await orders.find(order.id)).state == OrderState.RETIRING

    async def test_a_second_time_changes_nothing(self, small):
        order = await paid(small, await a_listing(small))
        for _ in range(3):
            await cancel(small.market, order.id)
            await small.work()
        assert len(small.payments.refunds) == 1

    async def test_raced_by_the_worker_it_ends_in_one_of_the_two(self, small):
        for _ in range(4):
            order = await paid(small, await a_listing(small, tonnes=3))
            await small.worker().run_due()
            retirement = await Retirement.get(order_id=order.id)
            await asyncio.gather(
                cancel(small.market, order.id), retirements.advance(small.market, retirement.id), return_exceptions=True
            )
            await small.work()
            assert (await orders.find(order.id)).state in {OrderState.FULFILLED, OrderState.REFUNDED}


class TestGramsThatWaitForTheirPool:
    async def test_are_given_back_and_the_pool_opens_for_others(self, small):
        with_pools(small)
        small.registry.script = ["closed"]
        order = await paid_grams(small, await a_listing(small), 100_000)
        await small.work()
        assert await is_free(await orders.find(order.id))
        await cancel(small.market, order.id)
        await small.work()
        assert (await orders.find(order.id)).state == OrderState.REFUNDED


class TestAnOrganisersPart:
    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    async def test_that_was_paid_with_the_attendees_keeps_it_from_being_taken_back(self, small):
        with_pools(small, pools=2, low_g=400_000)
        await paid_grams(small, await a_listing(small, tonnes=20, yen_per_tonne=40_000), 2_000)
        await small.work()
        joined = await an_attendee(small, await an_event_page(small, Payer.SPLIT))
        order = await orders.open_checkout(small.market, str(joined.order_id))
        await small.deliver(small.payments.pay(order.checkout_session))
        while (await after(joined)).organiser_part != OrganiserPart.SPENT:
            assert await small.worker().run_due()
        assert (await orders.find(order.id)).state == OrderState.RETIRING
        assert not await is_free(await orders.find(order.id))
        with pytest.raises(OrderNotCancellable) as refused:
            await cancel(small.market, order.id)
        assert refused.value.params == {"state": "retiring"}


class TestReturnsAreABalanceForTheNextOrder:
    async def test_which_pays_it_at_once(self, small):
        await an_organisation(small)
        listing = await a_listing(small)
        order = await paid(small, listing)
        await run_tx(lambda _: belongings.own(order.id, BUYER, now=small.clock()))
        await cancel(small.market, order.id, to_balance=True)
        assert await balance.balance_of(ORGANISATION) == order.total_yen

        again = await orders.place(
            small.market, a_wish(await a_quote(small, listing), buyer=BUYER, pay_from_balance=True)
        )
        assert again.state == OrderState.PAID
        await small.work()
        assert (await orders.find(again.id)).state == OrderState.FULFILLED
        assert await balance.balance_of(ORGANISATION) == 0
        assert await ledger.balance(ledger.CLEARING) == order.total_yen

    async def test_with_too_little_on_it_nothing_is_ordered(self, small):
        await an_organisation(small)
        quote = await a_quote(small, await a_listing(small))
        with pytest.raises(BalanceTooLow):
            await orders.place(small.market, a_wish(quote, buyer=BUYER, pay_from_balance=True))
        assert await orders.place(small.market, a_wish(quote))

    async def test_a_guest_has_none(self, small):
        listing = await a_listing(small)
        order = await paid(small, listing)
        with pytest.raises(NoBalance):
            await cancel(small.market, order.id, to_balance=True)
        with pytest.raises(NoBalance):
            await orders.place(small.market, a_wish(await a_quote(small, listing), pay_from_balance=True))

    async def test_it_pays_for_a_single_gram_which_a_card_cannot(self, small):
        with_pools(small)
        await an_organisation(small)
        listing = await a_listing(small)
        order = await paid(small, listing)
        await run_tx(lambda _: belongings.own(order.id, BUYER, now=small.clock()))
        await cancel(small.market, order.id, to_balance=True)
        quote = await a_gram_quote(small, listing, 1)
        with pytest.raises(BelowSmallestPayment):
            await orders.place(small.market, a_wish(quote))
        gram = await orders.place(small.market, a_wish(quote, buyer=BUYER, pay_from_balance=True))
        await small.work()
        assert (await orders.find(gram.id)).state == OrderState.FULFILLED
        assert await balance.balance_of(ORGANISATION) == order.total_yen - 1
