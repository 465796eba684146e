"""Grams below a tonne: planned with the quote, opened with the first payment, handed on once, or the money goes back."""

from datetime import timedelta

import pytest

from certificates.pools import pool_of
from certificates.records import find
from certificates.statement import DisclosedField
from marketplace.errors import NotEnoughUnits, PoolNotOffered
from marketplace.inventory import service as inventory
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.pools import jobs, service
from marketplace.pools.models import Pool, PoolDraw
from marketplace.pools.states import PoolState
from marketplace.quotes import service as quotes
from marketplace.quotes.states import QuoteState
from tests.builders.market import a_listing, an_instruction
from tests.builders.pools import TONNE, a_dear_listing, a_gram_order, a_gram_quote, paid_grams, with_pools


@pytest.fixture
def small(small):
    return with_pools(small)


async def after(order) -> Order:
    return await orders.find(order.id)


async def certificate_of(order):
    return await find((await after(order)).certificate_number)


class TestGramsAreOnlySoldWherePoolsAreAllowed:
    async def test_another_registry_is_refused(self, small):
        with_pools(small, registries=frozenset())
        with pytest.raises(PoolNotOffered):
            await a_gram_quote(small, await a_dear_listing(small), 1)


class TestAnOrderOfGrams:
    async def test_the_first_one_opens_a_pool_and_is_certified_from_it(self, small):
        listing = await a_listing(small, tonnes=10, yen_per_tonne=4_000)
        order = await paid_grams(small, listing, 250_000)
        assert not await service.is_ready(order.quote_id)
        await small.work()

        assert await service.is_ready(order.quote_id)
        assert (await after(order)).state == OrderState.FULFILLED
        part = await certificate_of(order)
        (share,) = part.statement.from_pool
        parent = await find(share.parent)
        assert (part.grams, share.grams, parent.grams, parent.statement.pool) == (250_000, 250_000, TONNE, True)
        assert part.statement.cancellations == parent.statement.cancellations
        assert (await pool_of(parent.number)).left_g == 750_000
        assert len(small.registry.cancelled) == 1

    async def test_the_registry_names_the_service_and_the_certificate_says_so(self, small):
        order = await paid_grams(small, await a_dear_listing(small), 1_000)
        await small.work()
        assert [request.credit_user for request in small.registry.requests] == ["Ashiato"]
        texts = (await certificate_of(order)).disclosures
        assert texts[DisclosedField.CREDIT_USER].value == "Ashiato"
        assert texts[DisclosedField.BENEFICIARY].value == an_instruction().beneficiary

    async def test_the_next_ones_come_out_of_the_open_pool_at_once(self, small):
        listing = await a_dear_listing(small)
        for grams in (999_000, 999, 1):
            order = await paid_grams(small, listing, grams)
            await small.work()
            assert (await after(order)).state == OrderState.FULFILLED
        assert len(small.registry.cancelled) == 1
        assert (await Pool.get()).left_g == 0

    async def test_whole_tonnes_in_the_buyers_name_and_the_rest_from_a_pool_in_one_certificate(self, small):
        order = await paid_grams(small, await a_dear_listing(small), 2_300_000)
        await small.work()
        statement = (await certificate_of(order)).statement
        assert (statement.grams, statement.cancelled_g, statement.pooled_g) == (2_300_000, 3 * TONNE, 300_000)
        assert sorted(request.credit_user for request in small.registry.requests) == sorted(
            ["Ashiato", an_instruction().credit_user]
        )

    async def test_two_open_pools_share_an_amount_that_neither_has_alone(self, small):
        with_pools(small, pools=2, low_g=400_000)
        listing = await a_dear_listing(small, tonnes=2)
        for grams in (600_000, 700_000):
            await paid_grams(small, listing, grams)
            await small.work()
        order = await paid_grams(small, listing, 700_000)
        await small.work()
        statement = (await certificate_of(order)).statement
        assert sorted(share.grams for share in statement.from_pool) == [300_000, 400_000]

    @pytest.mark.parametrize(
        ("grams", "credits_yen", "total_yen"),
        [(1, 1, 1), (999_999, 3_999, 3_999 + 199 + 419), (TONNE, 4_000, 4_000 + 200 + 400 + 20), (1_500, 6, 6)],
    )
    async def test_its_price_is_rounded_down_but_never_to_nothing(self, small, grams, credits_yen, total_yen):
        quote = await a_gram_quote(small, await a_listing(small, yen_per_tonne=4_000), grams)
        assert (quote.grams, quote.credits_yen, quote.total_yen) == (grams, credits_yen, total_yen)

    async def test_every_yen_has_an_owner_afterwards(self, small):
        order = await paid_grams(small, await a_listing(small, yen_per_tonne=4_000), 500_000)
        await small.work()
        assert order.total_yen == 2_000 + 100 + 210
        assert await ledger.balance(ledger.CLEARING) == order.total_yen
        assert await ledger.balance("provider:prov_a") == -4_400
        assert await ledger.balance(ledger.POOL) == 4_400 - 2_000
        assert (await ledger.balance(ledger.FEE), await ledger.balance(ledger.TAX)) == (-100, -210)


class TestWhatAQuoteHolds:
    async def test_nothing_is_cancelled_before_somebody_has_paid(self, small):
        listing = await a_dear_listing(small, tonnes=3)
        await a_gram_order(small, listing, 1)
        await small.work()
        assert small.registry.requests == []
        assert (await Pool.get()).state == PoolState.PLANNED
        assert await inventory.free_tonnes(listing.holding_id) == 2

    async def test_an_expired_quote_gives_the_grams_back_and_an_unwanted_pool_its_units(self, small):
        listing = await a_dear_listing(small, tonnes=3)
        await a_gram_quote(small, listing, 400_000)
        small.clock.advance(timedelta(minutes=31))
        await quotes.expire_stale(small.clock)
        assert (await Pool.get()).drawn_g == 0
        await jobs.look_after(small.market)
        dropped = await Pool.get()
        assert dropped.state == PoolState.DROPPED
        own = await quotes.find(dropped.quote_id)
        assert (own.state, own.total_yen) == (QuoteState.EXPIRED, 110_000_000)
        assert await inventory.free_tonnes(listing.holding_id) == 3

    async def test_a_pool_that_somebody_draws_on_stays(self, small):
        listing = await a_dear_listing(small, tonnes=3)
        await a_gram_order(small, listing, 400_000)
        small.clock.advance(timedelta(minutes=31))
        await jobs.look_after(small.market)
        assert (await Pool.get()).state == PoolState.PLANNED

    async def test_with_the_last_tonne_planned_others_share_it_to_the_last_gram(self, small):
        listing = await a_dear_listing(small, tonnes=1)
        await a_gram_quote(small, listing, 999_999)
        await a_gram_quote(small, listing, 1)
        with pytest.raises(NotEnoughUnits):
            await a_gram_quote(small, listing, 1)

    async def test_comes_from_the_pool_that_is_nearest_to_being_open(self, small):
        listing = await a_dear_listing(small, tonnes=2)
        small.registry.script = ["closed"] * 9
        await a_gram_quote(small, listing, 700_000)
        await paid_grams(small, listing, 700_000)
        await small.work()
        await a_gram_quote(small, listing, 200_000)
        left = {pool.state: pool.left_g for pool in await Pool.all()}
        assert left == {PoolState.PLANNED: 300_000, PoolState.OPENING: 100_000}

    async def test_with_no_tonne_left_planned_pools_share_what_none_has_alone(self, small):
        listing = await a_dear_listing(small, tonnes=2)
        for grams in (600_000, 600_000, 700_000):
            await a_gram_quote(small, listing, grams)
        assert sorted(pool.left_g for pool in await Pool.all()) == [0, 100_000]
        with pytest.raises(NotEnoughUnits):
            await a_gram_quote(small, listing, 100_001)


class TestAPoolThatCannotBeOpened:
    async def test_the_next_units_take_its_place(self, small):
        small.registry.script = ["rejected"]
        order = await paid_grams(small, await a_dear_listing(small), 1_000)
        await small.work()
        assert (await after(order)).state == OrderState.FULFILLED

    async def test_without_any_the_money_goes_back(self, small):
        small.registry.script = ["rejected"]
        order = await paid_grams(small, await a_dear_listing(small, tonnes=1), 100_000)
        await small.work()
        await jobs.look_after(small.market)
        await small.work()
        assert (await after(order)).state == OrderState.REFUNDED
        assert (await Pool.get()).state == PoolState.FAILED
        assert await ledger.balance(ledger.CLEARING) == 0

    async def test_nobody_waits_longer_than_was_said(self, small):
        with_pools(small, longest_wait=timedelta(days=2))
        small.registry.script = ["pending"]
        order = await paid_grams(small, await a_dear_listing(small), 100_000)
        report = None
        await small.worker().run_due()
        for _ in range(5):
            await small.worker().run_due()
            if small.registry.reports and report is None:
                reference, report = next(iter(small.registry.reports.items()))
                del small.registry.reports[reference]
                small.registry.script = ["closed"] * 10_000
        small.clock.advance(timedelta(days=1))
        await jobs.look_after(small.market)
        assert (await after(order)).state == OrderState.RETIRING
        small.clock.advance(timedelta(days=1))
        await jobs.look_after(small.market)
        assert (await after(order)).refund_reason == "pool_not_opened"
        assert await PoolDraw.all().count() == 0


class TestStockIsKeptAheadOfDemand:
    async def test_as_many_pools_as_the_terms_say_once_grams_are_really_bought(self, small):
        with_pools(small, pools=3, low_g=200_000)
        listing = await a_dear_listing(small, tonnes=20)
        await paid_grams(small, listing, 1_000)
        await small.work()
        assert await Pool.filter(state=PoolState.OPEN).count() == 3

        await paid_grams(small, listing, 900_000)
        await small.work()
        assert await Pool.filter(state=PoolState.OPEN).count() == 4

    async def test_none_where_the_registry_was_switched_off(self, small):
        with_pools(small, pools=3, low_g=200_000)
        listing = await a_dear_listing(small, tonnes=20)
        order = await paid_grams(small, listing, 1_000)
        with_pools(small, pools=3, low_g=200_000, registries=frozenset())
        await small.work()
        assert (await after(order)).state == OrderState.FULFILLED, "what was sold is still served"
        assert await Pool.all().count() == 1
