"""Whose an order is, what its buyer agrees to, what it asks of the payment page, and along which arrows it moves."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError

from marketplace.accounts import belongings
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Organisation
from marketplace.accounts.roles import Role
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.errors import BelowSmallestPayment, ExternalIdTaken, MoveNotAllowed, OrderNotFound
from marketplace.inventory import service as inventory
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.payments.gateway import PaymentMethod
from tests.builders.market import a_listing, a_quote, a_wish, an_instruction, an_order
from tests.builders.pools import a_dear_listing, a_gram_quote, with_pools

ORGANISATION = "org_01KAFQ3C9V3R6Y4M0N8T5B2D1E"
CARD, KONBINI, TRANSFER = PaymentMethod.CARD, PaymentMethod.KONBINI, PaymentMethod.BANK_TRANSFER
# what does not depend on the database is tried on one of them
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def placed(small, *, yen=4_000, tonnes=1, **wish):
    return await orders.place(
        small.market, a_wish(await a_quote(small, await a_listing(small, yen_per_tonne=yen), tonnes=tonnes), **wish)
    )


async def asked_of_the_page(small, order):
    """The request that opens the order's payment page."""
    asked, open_checkout = [], small.payments.open_checkout

    async def listen(request):
        asked.append(request)
        return await open_checkout(request)

    small.payments.open_checkout = listen
    await orders.open_checkout(small.market, order.id)
    (request,) = asked
    return request


class TestThePaymentPage:
    async def test_is_asked_for_each_part_of_the_total_and_open_while_the_units_are_held(self, small):
        order = await placed(small, tonnes=3, email="buyer@example.jp")
        request = await asked_of_the_page(small, order)
        assert [line.amount for line in request.lines] == [12_000, 600, 1_200 + 60]
        assert (request.key, request.order_id, request.currency) == (order.id, order.id, "JPY")
        assert request.methods == [CARD, KONBINI, TRANSFER]
        assert request.konbini_days == 3
        assert request.expires_at == order.pay_until == small.clock() + timedelta(minutes=45)
        (held,) = await inventory.reserved_for(await orders.line_ids(order))
        assert held.reserved_until == order.pay_until + timedelta(minutes=10)

    async def test_names_no_fee_where_there_is_none_and_no_transfer_without_an_address_for_it(self, small):
        small.market = replace(small.market, terms=replace(small.market.terms, fee_basis_points=0))
        request = await asked_of_the_page(small, await placed(small, yen=100))
        assert [line.amount for line in request.lines] == [100, 10]
        assert request.methods == [CARD, KONBINI]

    async def test_is_opened_once(self, small):
        order = await placed(small)
        opened = await orders.open_checkout(small.market, order.id)
        assert opened.state == OrderState.AWAITING_PAYMENT
        told = await events_of(order.id)
        assert [event.kind for event in told] == [Happened.ORDERED, Happened.CHECKOUT_OPENED]
        # a repetition that still saw the order unopened finds it opened, and tells nobody again
        assert (await orders.open_checkout_of(small.market, order)).checkout_url == opened.checkout_url
        assert (await orders.open_checkout(small.market, order.id)).checkout_url == opened.checkout_url
        assert await events_of(order.id) == told

    async def test_turns_the_order_in_hand_into_what_stands_in_the_books(self, small):
        order = await placed(small)
        early = await orders.find(order.id)
        assert await orders.open_checkout_of(small.market, order) is order
        await run_tx(lambda _: orders.move(order, OrderState.EXPIRED))
        # who was slower is told what became of the order since, not what it meant to do
        assert (await orders.open_checkout_of(small.market, early)).state == OrderState.EXPIRED


class TestAnOrderBelongs:
    @on_sqlite
    async def test_to_the_organisation_that_its_buyer_acts_for_and_to_nobody_else(self, small):
        await Organisation.create(id=ORGANISATION, name="Buyer", created_at=small.clock())
        for organisation_id in (ORGANISATION, None):
            order = await placed(small, buyer=Actor("per_1", "", "", organisation_id, None, frozenset({Role.BUYER})))
            assert await belongings.owner_of(order.id) == organisation_id


class TestTheConsent:
    @on_sqlite
    @pytest.mark.parametrize(
        ("grams", "own", "pooled"), [(1_000_000, True, False), (300_000, False, True), (1_300_000, True, True)]
    )
    async def test_is_to_the_own_name_for_whole_tonnes_and_to_the_services_for_the_rest(
        self, small, grams, own, pooled
    ):
        with_pools(small, credit_user="小口利用者")
        quote = await a_gram_quote(small, await a_dear_listing(small), grams)
        order = await orders.place(small.market, a_wish(quote))
        agreed = json.loads(order.consent)["text"]
        assert (an_instruction().credit_user in agreed, "小口利用者" in agreed) == (own, pooled)


class TestTheSmallestPayment:
    async def test_is_fifty_yen(self, small):
        assert (await placed(small, yen=44)).total_yen == 44 + 2 + 4
        with pytest.raises(BelowSmallestPayment) as refused:
            await placed(small, yen=43)
        assert refused.value.params == {"total_yen": 49, "smallest_yen": 50}


class TestAnExternalId:
    async def test_is_refused_by_its_own_name_inside_anothers_transaction(self, small):
        await placed(small, external_id="A-1")
        again = a_wish(await a_quote(small, await a_listing(small)), external_id="A-1")
        with pytest.raises(ExternalIdTaken):
            await run_tx(lambda tx: orders.place_within(tx, small.market, again))

    async def test_goes_to_one_of_those_who_ask_at_once(self, small):
        listing = await a_listing(small)
        wishes = [a_wish(await a_quote(small, listing), external_id="A-1") for _ in range(3)]
        answers = await asyncio.gather(*(orders.place(small.market, one) for one in wishes), return_exceptions=True)
        assert sorted(type(one).__name__ for one in answers) == ["ExternalIdTaken", "ExternalIdTaken", "Order"]
        assert await Order.filter(external_id="A-1").count() == 1

    async def test_is_not_blamed_for_what_something_written_beside_the_order_broke(self, small):
        first = await placed(small, external_id="A-1")

        async def twice(_, order):
            await rows.insert(first)

        for other in (None, "A-2"):
            quote = await a_quote(small, await a_listing(small))
            with pytest.raises(IntegrityError):
                await orders.place(small.market, a_wish(quote, external_id=other), beside=twice)


class TestAnOrderMoves:
    async def test_along_the_arrows_and_once(self, small):
        order = await an_order(small, await a_listing(small))
        same = await orders.find(order.id)
        with pytest.raises(MoveNotAllowed, match="cannot move"):
            await run_tx(lambda _: orders.move(order, OrderState.FULFILLED))
        await run_tx(lambda _: orders.move(order, OrderState.EXPIRED))
        assert order.state == (await orders.find(order.id)).state == OrderState.EXPIRED
        with pytest.raises(MoveNotAllowed, match="no longer"):
            await run_tx(lambda _: orders.move(same, OrderState.PAYMENT_FAILED))

    async def test_with_others_all_of_them_or_none(self, small):
        listing = await a_listing(small)
        one, other, late = [await an_order(small, listing, tonnes=1) for _ in range(3)]
        await run_tx(lambda _: orders.move_all([one, other], OrderState.EXPIRED))
        assert [(await orders.find(order.id)).state for order in (one, other)] == [OrderState.EXPIRED] * 2
        assert (one.state, other.state) == (OrderState.EXPIRED, OrderState.EXPIRED)
        one.state = OrderState.AWAITING_PAYMENT
        with pytest.raises(MoveNotAllowed, match="no longer"):
            await run_tx(lambda _: orders.move_all([late, one], OrderState.PAYMENT_FAILED))
        assert (await orders.find(late.id)).state == OrderState.AWAITING_PAYMENT


class TestAnOrderThatIsNotThere:
    async def test_is_not_found_by_number_token_or_quote(self, db):
        for look_for in (orders.find, orders.find_by_token, orders.find_with_quote):
            with pytest.raises(OrderNotFound):
                await look_for("ord_none")
