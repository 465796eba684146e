"""Cover is bought again by rule: once per shortage, from the balance, never above the month's limit."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace import fault_points
from marketplace.database.transactions import run_tx
from marketplace.errors import ConsentMissing
from marketplace.ledger import balance
from marketplace.mail.models import Mail
from marketplace.orders.models import Order
from marketplace.orders.words import consent_version
from marketplace.products import rule
from marketplace.products.counting import count, sale
from marketplace.products.errors import ProductNotFound, RuleRefused
from marketplace.products.models import ProductTopUp
from marketplace.products.rule import RuleWish, advance, notice_shortage, set_rule, spent_in, stop_rule
from marketplace.products.states import CoverageState
from tests.builders.pools import with_pools
from tests.builders.products import a_maker, a_period, a_product, coverage_now, money_for
from tests.marketplace.orders.test_killed_anywhere import KillAt, Killed

MONTH = "2026-11"
# one tonne at 4,000 yen, 5 % fee, 10 % tax
TONNE_YEN = 4_620


@pytest.fixture
def small(small):
    return with_pools(small)


def a_rule(listing, **changed) -> RuleWish:
    facts = {
        "below_units": 100,
        "buy_units": 1_000,
        "most_yen_a_month": 2 * TONNE_YEN,
        "listing_id": listing.id,
        "consent": consent_version(),
        "locale": "ja",
    }
    return RuleWish(**(facts | changed))


async def sold(small, product, units, external_id):
    await count(small.market, product.id, [sale(external_id, units, small.clock())])
    await small.work()


async def states() -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in await ProductTopUp.all().order_by("id")]


class TestAShortage:
    async def test_is_met_once_and_the_next_one_again(self, small, maker, product, period, listing):
        await money_for(maker, small, 10_000)
        await set_rule(small.market, maker, product.id, a_rule(listing))
        await rule.look_after(small.market)
        await small.work()
        found = await coverage_now(small, product)
        assert (found.state, found.covered_units) == (CoverageState.COVERED, 1_000)
        for _ in range(3):
            await rule.look_after(small.market)
            await small.work()
        assert await states() == [("ordered", None)]
        small.clock.advance(timedelta(seconds=1))
        await sold(small, product, 901, "1")
        assert (await coverage_now(small, product)).left_units == 1_099
        assert await states() == [("ordered", None)] * 2
        assert await balance.balance_of(maker.organisation_id) == 10_000 - 2 * TONNE_YEN
        assert await spent_in(product.id, MONTH) == 2 * TONNE_YEN

    async def test_that_many_notice_at_once_is_met_once(self, small, maker, product, period, listing):
        await money_for(maker, small, 100_000)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=100_000))
        await asyncio.gather(*(notice_shortage(small.market, product.id) for _ in range(4)))
        wanted = await ProductTopUp.get()
        await asyncio.gather(*(advance(small.market, wanted.id) for _ in range(3)), return_exceptions=True)
        await advance(small.market, wanted.id)
        assert await Order.filter(external_id__endswith=wanted.id).count() == 1
        await small.work()
        assert (await coverage_now(small, product)).covered_units == 1_000
        assert await balance.balance_of(maker.organisation_id) == 100_000 - TONNE_YEN

    async def test_counts_what_is_on_its_way(self, small, maker, product, period, listing):
        await money_for(maker, small, 100_000)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=100_000))
        await notice_shortage(small.market, product.id)
        await advance(small.market, (await ProductTopUp.get()).id)
        await notice_shortage(small.market, product.id)
        assert await states() == [("ordered", None)]

    async def test_outside_any_period_or_with_the_rule_off_is_left_alone(self, small, maker, product, period, listing):
        await set_rule(small.market, maker, product.id, a_rule(listing))
        await stop_rule(small.market, maker, product.id)
        await rule.look_after(small.market)
        await set_rule(small.market, maker, product.id, a_rule(listing))
        small.clock.advance(timedelta(days=200))
        await rule.look_after(small.market)
        assert await states() == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "why", [(100_000, TONNE_YEN - 1, "top_up_above_limit"), (TONNE_YEN - 1, 100_000, "balance_too_low")]
    )
    async def test_is_dropped_told_and_tried_again_the_next_day(self, small, maker, product, listing, why, period):  # noqa: PLR0917 - fixtures
        yen, most, reason = why
        await money_for(maker, small, yen)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=most))
        for hours, tries in ((0, 1), (1, 1), (24, 2)):
            small.clock.advance(timedelta(hours=hours, seconds=1))
            await rule.look_after(small.market)
            await small.work()
            assert await states() == [("dropped", reason)] * tries
        assert await Mail.filter(message="product_top_up_refused").count() == 2
        assert (await balance.balance_of(maker.organisation_id), await spent_in(product.id, MONTH)) == (yen, 0)

    async def test_is_tried_at_once_when_the_rule_is_changed(self, small, maker, product, period, listing):
        await money_for(maker, small, 100_000)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=1))
        await rule.look_after(small.market)
        await small.work()
        small.clock.advance(timedelta(seconds=1))
        await set_rule(small.market, maker, product.id, a_rule(listing))
        await rule.look_after(small.market)
        await small.work()
        assert await states() == [("dropped", "top_up_above_limit"), ("ordered", None)]

    async def test_a_rule_without_sense(self, small, maker, product, period, listing):
        for changed in ({"below_units": 0}, {"buy_units": -1}, {"most_yen_a_month": 10**13}, {"listing_id": "lst_x"}):
            with pytest.raises(RuleRefused):
                await set_rule(small.market, maker, product.id, a_rule(listing, **changed))
        with pytest.raises(ConsentMissing):
            await set_rule(small.market, maker, product.id, a_rule(listing, consent="1999"))
        with pytest.raises(ProductNotFound):
            await set_rule(small.market, await a_maker(small, "x@ashiato.example"), product.id, a_rule(listing))


class TestTheLimitOfAMonth:
    async def test_is_kept_by_the_database(self, small, maker, product, period, listing):
        await money_for(maker, small, 100_000)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=2 * TONNE_YEN - 1))
        await rule.look_after(small.market)
        await small.work()
        await sold(small, product, 950, "1")
        assert await states() == [("ordered", None), ("dropped", "top_up_above_limit")]
        first = await ProductTopUp.filter(state="ordered").get()
        with pytest.raises((IntegrityError, OperationalError)):
            await run_tx(lambda _: ProductTopUp.filter(id=first.id).update(yen=first.yen + 1))

    async def test_begins_anew_with_the_next_month_in_japan(self, small, maker, product, period, listing):
        await money_for(maker, small, 100_000)
        await set_rule(small.market, maker, product.id, a_rule(listing, most_yen_a_month=TONNE_YEN))
        await rule.look_after(small.market)
        await small.work()
        await sold(small, product, 950, "1")
        # 1 December in Japan, still November in UTC
        small.clock.advance(small.clock().replace(month=11, day=30, hour=15, minute=0) - small.clock())
        await rule.look_after(small.market)
        await small.work()
        assert await states() == [("ordered", None), ("dropped", "top_up_above_limit"), ("ordered", None)]
        assert await spent_in(product.id, "2026-12") == TONNE_YEN


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestKilledWhileItBuys:
    async def test_at_every_commit_it_is_bought_once(self, small, maker, listing):
        await money_for(maker, small, 1_000_000)

        async def bought(number: int | None) -> list[str]:
            product = await a_product(small, maker)
            await a_period(small, maker, product)
            await set_rule(small.market, maker, product.id, a_rule(listing))
            await notice_shortage(small.market, product.id)
            wanted = await ProductTopUp.get(product_id=product.id)
            kill = KillAt(number)
            with fault_points.listened_to(kill), contextlib.suppress(Killed):
                await advance(small.market, wanted.id)
            # as the worker does when the lease of the dead one has run out
            await advance(small.market, wanted.id)
            placed = await Order.get(external_id__endswith=wanted.id)
            assert (await ProductTopUp.get(id=wanted.id)).order_id == placed.id, kill.seen
            return kill.seen

        points = await bought(None)
        assert len(points) >= 8
        for number in range(1, len(points) + 1):
            await bought(number)
        spent = 1_000_000 - await balance.balance_of(maker.organisation_id)
        assert spent == (len(points) + 1) * TONNE_YEN
