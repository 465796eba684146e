import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.audit.second_person import ProposalNotOpen, SecondPersonNeeded
from marketplace.audit.service import ReasonMissing
from marketplace.clock import japan_date
from marketplace.errors import ListingClosed, ListingNotFound, NotEnoughUnits, UseNotPermitted
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.listings.models import Listing
from marketplace.listings.offers import OfferFilter, find_offers
from marketplace.projects.eligibility import Purpose
from marketplace.providers import terms
from marketplace.providers.errors import HoldingNotFound, ListedAlready, TermsRefused
from marketplace.providers.terms import TermsOfSale
from tests.builders.market import a_listing, a_quote, an_order

SELLER = Actor("per_1", "seller", "seller@example.com", "org_1", "prov_a", frozenset({Role.PROVIDER}))
DAY = timedelta(days=1)
STRANGER = replace(SELLER, person_id="per_2", organisation_id="org_2", provider_id="prov_b")


async def a_holding(small, **facts) -> str:
    """Held, and not on sale."""
    return (await a_listing(small, open=False, **facts)).holding_id


class TestAListing:
    async def test_offers_a_holding_on_its_terms(self, small):
        wanted = TermsOfSale(5_200, 2, frozenset({Purpose.VOLUNTARY_OFFSET}), date(2026, 11, 1), date(2026, 12, 31))
        listing = await terms.offer(SELLER, await a_holding(small), wanted, clock=small.clock)
        assert TermsOfSale.of(await Listing.get(id=listing.id)) == wanted
        assert (await AuditEntry.get()).act == "listing.opened"

    async def test_is_the_only_open_one_of_its_holding(self, small):
        holding = await a_holding(small)
        answers = await asyncio.gather(
            *(terms.offer(SELLER, holding, TermsOfSale(5_000), clock=small.clock) for _ in range(3)),
            return_exceptions=True,
        )
        assert sorted(isinstance(answer, ListedAlready) for answer in answers) == [False, True, True]

    async def test_a_new_price_does_not_touch_a_quote(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        quote = await a_quote(small, listing, tonnes=3)
        await terms.change(small.market, SELLER, listing.id, TermsOfSale(6_000))
        assert quote.credits_yen == 12_000
        assert (await a_quote(small, await Listing.get(id=listing.id), tonnes=1)).credits_yen == 6_000

    async def test_closing_keeps_what_a_quote_holds(self, small):
        listing = await a_listing(small)
        await a_quote(small, listing, tonnes=3)
        await terms.close(SELLER, listing.id, clock=small.clock)
        assert not (await Listing.get(id=listing.id)).open
        assert await Interval.filter(state="reserved").count() == 1

    async def test_of_another_provider_does_not_exist(self, small):
        listing = await a_listing(small)
        for act in (
            terms.change(small.market, STRANGER, listing.id, TermsOfSale(1)),
            terms.close(STRANGER, listing.id, clock=small.clock),
        ):
            with pytest.raises(ListingNotFound):
                await act
        for act in (
            terms.offer(STRANGER, listing.holding_id, TermsOfSale(1), clock=small.clock),
            terms.withdraw(STRANGER, listing.holding_id, 1, clock=small.clock),
            terms.put_back(STRANGER, listing.holding_id, clock=small.clock),
        ):
            with pytest.raises(HoldingNotFound):
                await act

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"yen_per_tonne": 0}, "yen_per_tonne"),
            ({"yen_per_tonne": 10_000_001}, "yen_per_tonne"),
            ({"minimum_tonnes": 0}, "minimum_tonnes"),
            ({"uses": frozenset()}, "uses"),
            ({"opens_on": date(2026, 12, 2), "closes_on": date(2026, 12, 1)}, "closes_on"),
        ],
    )
    def test_terms_that_make_no_sense_are_refused(self, wrong, field):
        with pytest.raises(TermsRefused) as refused:
            TermsOfSale(**({"yen_per_tonne": 5_000} | wrong))
        assert refused.value.params["field"] == field

    async def test_a_minimum_above_the_stock_is_refused(self, small):
        with pytest.raises(TermsRefused) as refused:
            await terms.offer(SELLER, await a_holding(small, tonnes=5), TermsOfSale(5_000, 6), clock=small.clock)
        assert refused.value.params["most"] == 5


class TestAPriceThatMovesFar:
    COLLEAGUE = replace(SELLER, person_id="per_3")

    async def proposal(self, small, listing) -> str:
        assert not await terms.change(small.market, SELLER, listing.id, TermsOfSale(6_001, 2))
        waiting = await terms.proposed(listing.id, now=small.clock())
        return waiting.id

    async def test_counts_once_a_second_person_approved(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        waiting = await self.proposal(small, listing)
        assert (await Listing.get()).yen_per_tonne == 4_000
        with pytest.raises(SecondPersonNeeded):
            await terms.approve(small.market, SELLER, listing.id, waiting)
        await terms.approve(small.market, self.COLLEAGUE, listing.id, waiting)
        changed = await Listing.get()
        assert (changed.yen_per_tonne, changed.minimum_tonnes) == (6_001, 2)

    async def test_is_approved_once(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        waiting = await self.proposal(small, listing)
        third = replace(SELLER, person_id="per_4")
        answers = await asyncio.gather(
            *(terms.approve(small.market, one, listing.id, waiting) for one in (self.COLLEAGUE, third)),
            return_exceptions=True,
        )
        assert sorted(isinstance(answer, ProposalNotOpen) for answer in answers) == [False, True]

    async def test_is_not_approved_by_strangers_or_by_way_of_another_listing(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        waiting = await self.proposal(small, listing)
        theirs = await a_listing(small, provider="prov_b", first_serial=1_000)
        with pytest.raises(ListingNotFound):
            await terms.approve(small.market, STRANGER, listing.id, waiting)
        with pytest.raises(ProposalNotOpen):
            await terms.approve(small.market, STRANGER, theirs.id, waiting)
        assert {one.yen_per_tonne for one in await Listing.all()} == {4_000}

    async def test_can_be_refused_with_a_reason(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        waiting = await self.proposal(small, listing)
        with pytest.raises(ReasonMissing):
            await terms.refuse(small.market, self.COLLEAGUE, listing.id, waiting, "")
        await terms.refuse(small.market, self.COLLEAGUE, listing.id, waiting, "a slip of the pen")
        assert await terms.proposed(listing.id, now=small.clock()) is None

    async def test_half_as_much_again_is_not_far(self, small):
        listing = await a_listing(small, yen_per_tonne=4_000)
        assert await terms.change(small.market, SELLER, listing.id, TermsOfSale(6_000))
        assert await terms.change(small.market, SELLER, listing.id, TermsOfSale(3_000))


class TestDaysAndUses:
    def test_a_listing_is_offered_on_its_days_only(self):
        listing = Listing(open=True, opens_on=date(2026, 12, 1), closes_on=date(2026, 12, 31))
        days = [date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1)]
        assert [listing.is_offered(day) for day in days] == [False, True, True, False]

    def test_and_for_its_uses_only(self):
        assert Listing(uses=None).permits(Purpose.VOLUNTARY_OFFSET)
        assert Listing(uses='["voluntary_offset"]').permits(Purpose.VOLUNTARY_OFFSET)
        assert not Listing(uses='["cdp"]').permits(Purpose.VOLUNTARY_OFFSET)


class TestWithdrawing:
    async def test_takes_free_tonnes_off_sale_and_puts_them_back(self, small):
        listing = await a_listing(small, tonnes=100)
        await terms.withdraw(SELLER, listing.holding_id, 30, clock=small.clock)
        assert await inventory.free_tonnes(listing.holding_id) == 70
        assert await terms.put_back(SELLER, listing.holding_id, clock=small.clock) == 30
        assert await Interval.all().count() == 1
        assert [entry.act for entry in await AuditEntry.all().order_by("position")] == [
            "holding.withdrawn",
            "holding.put_back",
        ]

    async def test_of_reserved_units_is_refused(self, small):
        listing = await a_listing(small, tonnes=10)
        await a_quote(small, listing, tonnes=4)
        with pytest.raises(NotEnoughUnits) as refused:
            await terms.withdraw(SELLER, listing.holding_id, 7, clock=small.clock)
        assert refused.value.params["free"] == 6
        await terms.withdraw(SELLER, listing.holding_id, 6, clock=small.clock)
        assert await inventory.free_tonnes(listing.holding_id) == 0

    async def test_against_a_buyer_at_the_same_moment_loses_or_wins_whole(self, small):
        listing = await a_listing(small, tonnes=5)
        answers = await asyncio.gather(
            terms.withdraw(SELLER, listing.holding_id, 5, clock=small.clock),
            a_quote(small, listing, tonnes=1),
            return_exceptions=True,
        )
        assert [isinstance(answer, NotEnoughUnits) for answer in answers].count(True) == 1

    async def test_tonnes_that_the_registry_refused_stay_withdrawn(self, small):
        listing = await a_listing(small, tonnes=10)
        small.registry.script = ["rejected"]
        order = await an_order(small, listing, tonnes=2)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert await Interval.filter(state="withdrawn").count() == 1
        assert await terms.put_back(SELLER, listing.holding_id, clock=small.clock) == 0


class TestABuyer:
    async def test_sees_and_buys_only_on_the_days_of_the_listing(self, small):
        listing = await a_listing(small)
        today = japan_date(small.clock())
        for opens, closes, offered in [(today, today, True), (None, today - DAY, False), (today + DAY, None, False)]:
            await Listing.filter(id=listing.id).update(opens_on=opens, closes_on=closes)
            assert bool(await find_offers(OfferFilter(), on=today, limit=5)) is offered
            if not offered:
                with pytest.raises(ListingClosed):
                    await a_quote(small, listing)
        await Listing.filter(id=listing.id).update(opens_on=None, closes_on=None)

    async def test_buys_only_for_the_uses_of_the_listing(self, small):
        listing = await a_listing(small)
        await terms.change(small.market, SELLER, listing.id, TermsOfSale(4_000, uses=frozenset({Purpose.CDP})))
        with pytest.raises(UseNotPermitted):
            await an_order(small, listing)
        wanted, today = OfferFilter(use=Purpose.VOLUNTARY_OFFSET), japan_date(small.clock())
        assert not await find_offers(wanted, on=today, limit=5)
        offset = TermsOfSale(4_000, uses=frozenset({Purpose.VOLUNTARY_OFFSET}))
        await terms.change(small.market, SELLER, listing.id, offset)
        assert await find_offers(wanted, on=today, limit=5)

    async def test_never_gets_units_that_are_sold_for_other_uses_as_a_replacement(self, small):
        listing = await a_listing(small, tonnes=2, yen_per_tonne=4_000)
        for_cdp = await a_listing(small, provider="prov_b", first_serial=1_000, yen_per_tonne=3_900)
        await Listing.filter(id=for_cdp.id).update(uses='["cdp"]')
        fitting = await a_listing(small, provider="prov_c", first_serial=2_000, yen_per_tonne=3_000)
        small.registry.script = ["rejected"]
        order = await an_order(small, listing, tonnes=2)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        free = [await inventory.free_tonnes(one.holding_id) for one in (for_cdp, fitting)]
        assert free == [100, 98]
