from datetime import timedelta

import pytest

from certificates.render_pdf import TextNotPrintable
from marketplace.database.transactions import run_tx
from marketplace.errors import (
    BelowMinimum,
    ConsentMissing,
    ExternalIdTaken,
    ListingClosed,
    NotEnoughUnits,
    QuoteExpired,
    QuoteUsed,
    TextTooLongForRegistry,
    TotalAboveLimit,
)
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, events_of
from marketplace.payments import inbox
from marketplace.payments.gateway import SignatureRefused
from marketplace.quotes import service as quotes
from tests.builders.desk import with_limits
from tests.builders.market import a_listing, a_quote, a_wish, an_instruction, an_order


async def state_of(order) -> str:
    return (await orders.find(order.id)).state


class TestAPaidOrderIsCertified:
    async def test_from_payment_to_certificate(self, small):
        listing = await a_listing(small)
        order = await an_order(small, listing, tonnes=3)

        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()

        fulfilled = await orders.find(order.id)
        assert fulfilled.state == OrderState.FULFILLED
        assert fulfilled.certificate_number
        assert len(small.registry.cancelled) == 3
        assert [event.kind for event in await events_of(order.id)] == [
            Happened.ORDERED,
            Happened.CHECKOUT_OPENED,
            Happened.PAID,
            Happened.CANCELLATION_REQUESTED,
            Happened.CANCELLATION_CONFIRMED,
            Happened.CERTIFIED,
        ]

    async def test_every_yen_has_an_owner_afterwards(self, small):
        listing = await a_listing(small, yen_per_tonne=3_333)
        order = await an_order(small, listing, tonnes=3)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()

        assert await ledger.balance(ledger.CLEARING) == order.total_yen == 9_999 + 499 + 999 + 49
        assert await ledger.balance(ledger.order_account(order.id)) == 0
        assert await ledger.balance("provider:prov_a") == -(9_999 + 999)
        assert await ledger.balance(ledger.FEE) == -499
        assert await ledger.balance(ledger.TAX) == -49

    async def test_a_webhook_delivered_many_times_has_one_effect(self, small):
        order = await an_order(small, await a_listing(small))
        event = small.payments.pay(order.checkout_session)
        for _ in range(5):
            await small.deliver(event)
            await small.work()

        assert await state_of(order) == OrderState.FULFILLED
        assert len(small.registry.requests) == 1

    async def test_a_lost_webhook_is_fetched(self, small):
        order = await an_order(small, await a_listing(small))
        small.payments.pay(order.checkout_session)

        assert await inbox.catch_up(small.market) == 1
        await small.work()

        assert await state_of(order) == OrderState.FULFILLED
        assert await inbox.catch_up(small.market) == 0

    async def test_an_event_lost_long_before_later_ones_arrived_is_fetched_too(self, small):
        listing = await a_listing(small)
        lost, later = await an_order(small, listing), await an_order(small, listing)
        small.payments.pay(lost.checkout_session)
        small.clock.advance(timedelta(minutes=30))
        await small.deliver(small.payments.pay(later.checkout_session))

        assert await inbox.catch_up(small.market) == 1
        await small.work()

        assert await state_of(lost) == OrderState.FULFILLED

    async def test_a_forged_webhook_is_refused(self, small):
        order = await an_order(small, await a_listing(small))
        event = small.payments.pay(order.checkout_session)
        with pytest.raises(SignatureRefused):
            await inbox.receive(small.market, event.body, "forged")
        await small.work()
        assert await state_of(order) == OrderState.AWAITING_PAYMENT


class TestAQuoteHoldsPriceAndUnits:
    async def test_the_units_are_gone_for_others(self, small):
        listing = await a_listing(small, tonnes=10)
        await a_quote(small, listing, tonnes=7)
        with pytest.raises(NotEnoughUnits) as refused:
            await a_quote(small, listing, tonnes=4)
        assert refused.value.params["free"] == 3

    async def test_a_raised_price_does_not_touch_an_open_quote(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await a_quote(small, listing, tonnes=2)
        await Listing.filter(id=listing.id).update(yen_per_tonne=9_000)
        order = await orders.place(small.market, a_wish(quote))
        assert order.total_yen == quote.total_yen == 8_000 + 400 + 800 + 40

    async def test_it_runs_out_and_gives_the_units_back(self, small):
        listing = await a_listing(small, tonnes=10)
        quote = await a_quote(small, listing, tonnes=10)
        small.clock.advance(timedelta(minutes=31))
        with pytest.raises(QuoteExpired):
            await orders.place(small.market, a_wish(quote))

        await quotes.expire_stale(small.clock)

        assert await inventory.free_tonnes(listing.holding_id) == 10
        assert await Interval.filter(block__registry="jcredit").count() == 1, "released serials merge back"

    async def test_it_makes_one_order(self, small):
        quote = await a_quote(small, await a_listing(small))
        await orders.place(small.market, a_wish(quote))
        with pytest.raises(QuoteUsed):
            await orders.place(small.market, a_wish(quote))

    async def test_too_few_tonnes_and_closed_listings_are_refused(self, small):
        with pytest.raises(BelowMinimum):
            await a_quote(small, await a_listing(small, minimum_tonnes=5), tonnes=4)
        with pytest.raises(ListingClosed):
            await a_quote(small, await a_listing(small, open=False))


class TestAnOrderIsRefusedWithoutConsentOrAboveTheLimit:
    async def test_the_refusal_leaves_the_quote_usable(self, small):
        quote = await a_quote(small, await a_listing(small))
        with pytest.raises(ConsentMissing):
            await orders.place(small.market, a_wish(quote, consent_version=None))
        with pytest.raises(ConsentMissing):
            await orders.place(small.market, a_wish(quote, consent_version="1999-01-01"))
        with pytest.raises(TotalAboveLimit):
            await orders.place(small.market, a_wish(quote, max_total_yen=quote.total_yen - 1))
        assert await orders.place(small.market, a_wish(quote, max_total_yen=quote.total_yen))

    async def test_words_that_the_certificate_cannot_print_are_refused_before_they_are_paid_for(self, small):
        quote = await a_quote(small, await a_listing(small))
        with pytest.raises(TextNotPrintable) as refused:
            await orders.place(small.market, a_wish(quote, instruction=an_instruction(subject="祭り🎉")))
        assert refused.value.characters == "🎉"
        assert await orders.place(small.market, a_wish(quote, instruction=an_instruction(subject="𠮷野祭り")))

    async def test_words_that_the_registrys_form_cannot_take_too(self, small):
        quote = await a_quote(small, await a_listing(small))
        market = with_limits(small, credit_user=5)
        with pytest.raises(TextTooLongForRegistry) as refused:
            await orders.place(market, a_wish(quote, instruction=an_instruction(credit_user="足" * 6)))
        assert refused.value.params == {"field": "credit_user", "limit": 5, "registry": "jcredit"}
        assert await orders.place(market, a_wish(quote, instruction=an_instruction(credit_user="足" * 5)))

    async def test_an_external_id_is_used_once(self, small):
        listing = await a_listing(small)
        await orders.place(small.market, a_wish(await a_quote(small, listing), external_id="A-1"))
        with pytest.raises(ExternalIdTaken):
            await orders.place(small.market, a_wish(await a_quote(small, listing), external_id="A-1"))

    async def test_the_consent_keeps_the_words_the_buyer_saw(self, small):
        wish = a_wish(await a_quote(small, await a_listing(small)), instruction=an_instruction(credit_user="𠮷野商店"))
        order = await orders.place(small.market, wish)
        assert "𠮷野商店" in order.consent


class TestMoneyThatComesLateIsServedOrReturned:
    async def test_an_unpaid_order_runs_out(self, small):
        listing = await a_listing(small, tonnes=5)
        order = await an_order(small, listing, tonnes=5)
        small.clock.advance(timedelta(minutes=46))
        await settlement.enqueue_overdue(small.market)
        await small.work()
        assert await state_of(order) == OrderState.EXPIRED
        assert await inventory.free_tonnes(listing.holding_id) == 5

    async def test_a_payment_in_the_last_second_wins_over_the_deadline(self, small):
        order = await an_order(small, await a_listing(small))
        small.payments.pay(order.checkout_session)
        small.clock.advance(timedelta(minutes=46))
        await settlement.enqueue_overdue(small.market)
        await small.work()
        assert await state_of(order) == OrderState.FULFILLED

    async def test_late_money_takes_other_stock_at_the_quoted_price(self, small):
        listing = await a_listing(small, tonnes=3, yen_per_tonne=4_000)
        other = await a_listing(small, tonnes=3, yen_per_tonne=3_900)
        order = await an_order(small, listing, tonnes=3)
        event = small.payments.pay(order.checkout_session)
        await self._lose_the_units(order)
        await a_quote(small, listing, tonnes=3)

        await small.deliver(event)
        await small.work()

        assert await state_of(order) == OrderState.FULFILLED
        assert await inventory.free_tonnes(other.holding_id) == 0
        assert Happened.UNITS_REPLACED in [event.kind for event in await events_of(order.id)]

    async def test_late_money_without_stock_goes_back_in_full(self, small):
        listing = await a_listing(small, tonnes=3)
        await a_listing(small, tonnes=3, yen_per_tonne=4_001)
        order = await an_order(small, listing, tonnes=3)
        event = small.payments.pay(order.checkout_session)
        await self._lose_the_units(order)
        await a_quote(small, listing, tonnes=3)

        await small.deliver(event)
        await small.work()

        assert await state_of(order) == OrderState.REFUNDED
        assert [refund.amount for refund in small.payments.refunds.values()] == [order.total_yen]
        assert await ledger.balance(ledger.CLEARING) == 0
        assert small.registry.requests == []

    async def _lose_the_units(self, order) -> None:
        async def release(tx):
            await inventory.release(tx, await orders.line_ids(order))

        await run_tx(release)


class TestARefundIsMadeOnce:
    async def test_an_unreachable_provider_is_asked_again(self, small):
        order = await an_order(small, await a_listing(small, tonnes=3), tonnes=3)
        small.registry.script = ["rejected"]
        await small.deliver(small.payments.pay(order.checkout_session))
        while await state_of(order) != OrderState.REFUND_DUE:
            assert await small.worker().run_due()

        small.payments.unreachable = 1
        await small.work()
        assert await state_of(order) == OrderState.REFUND_DUE
        await small.work_for(timedelta(minutes=1))

        assert await state_of(order) == OrderState.REFUNDED
        assert len(small.payments.refunds) == 1
