"""Coverage is covered minus sold, from one ledger, and every state of it is reached by what really happened."""

from datetime import date, datetime, timedelta

import pytest

from marketplace.certification.changes import Correction, correct
from marketplace.clock import JAPAN
from marketplace.orders.service import find
from marketplace.orders.states import OrderState
from marketplace.products.counting import count, goods_back, sale
from marketplace.products.errors import ProductNotFound
from marketplace.products.service import UnitFootprint, add_footprint_version, end_product
from marketplace.products.states import CoverageState
from tests.builders.market import a_listing
from tests.builders.products import YEAR, a_maker, a_period, a_product, a_purchase, coverage_now, covered, revoke
from tests.marketplace.retirements.test_partly_confirmed import once

NOON = datetime(2026, 11, 20, 12, tzinfo=JAPAN)


async def sold(small, product, units, external_id="1"):
    await count(small.market, product.id, [sale(external_id, units, NOON)])


class TestCoverComesWithACertificate:
    async def test_nothing_is_covered_before(self, small, product, period, listing):
        await a_purchase(small, period, listing, grams=1_000_000)
        found = await coverage_now(small, product)
        assert (found.state, found.covered_units, found.certificates) == (CoverageState.NOT_COVERED, 0, ())

    async def test_and_is_there_with_it(self, small, product, period, listing):
        number = await covered(small, period, listing, grams=2_000_000)
        found = await coverage_now(small, product)
        assert (found.state, found.covered_units, found.left_units) == (CoverageState.COVERED, 2_000, 2_000)
        assert (found.certificates, found.certificate_count, found.sandbox) == ((number,), 1, True)
        assert (found.from_day, found.until_day) == YEAR

    async def test_what_the_registry_left_out_covers_nothing(self, small, product, period):
        order = await a_purchase(small, period, await a_listing(small, tonnes=3), grams=3_000_000)
        once(small, (0, 1))
        await small.work()
        assert (await find(order.id)).state == OrderState.FULFILLED
        found = await coverage_now(small, product)
        assert (found.covered_units, found.covered_g) == (2_000, 2_000_000)

    async def test_an_order_for_something_else_covers_nothing(self, small, product, period, listing):
        other = await a_product(small, await a_maker(small, "other@ashiato.example"))
        await covered(small, period, listing)
        assert (await coverage_now(small, other)).covered_units == 0

    async def test_after_a_correction_its_new_number_is_named(self, small, product, period, listing):
        number = await covered(small, period, listing)
        corrected = await correct(small.market, number, Correction(texts={"subject": "足跡ノート"}), "typo")
        found = await coverage_now(small, product)
        assert (found.certificates, found.covered_units) == ((corrected.record.number,), 1_000)


class TestCoverLeavesWithARevocation:
    async def test_all_of_it(self, small, product, period, listing):
        await revoke(small, await covered(small, period, listing))
        found = await coverage_now(small, product)
        assert (found.state, found.covered_units, found.certificates) == (CoverageState.REVOKED, 0, ())

    async def test_what_other_certificates_cover_stays(self, small, product, period, listing):
        number = await covered(small, period, listing)
        kept = await covered(small, period, listing)
        await revoke(small, number)
        found = await coverage_now(small, product)
        assert (found.state, found.covered_units, found.certificates) == (CoverageState.COVERED, 1_000, (kept,))

    async def test_also_when_the_certificate_was_corrected_first(self, small, product, period, listing):
        number = await covered(small, period, listing)
        corrected = await correct(small.market, number, Correction(texts={"subject": "足跡ノート"}), "typo")
        await revoke(small, corrected.record.number)
        assert (await coverage_now(small, product)).state == CoverageState.REVOKED


class TestSalesTakeFromIt:
    async def test_up_to_the_last_unit_it_is_covered(self, small, product, period, listing):
        await covered(small, period, listing)
        await sold(small, product, 1_000)
        found = await coverage_now(small, product)
        assert (found.state, found.left_units, found.share_per_mille) == (CoverageState.COVERED, 0, 1_000)

    async def test_one_more_is_oversold_and_the_share_is_rounded_down(self, small, product, period, listing):
        await covered(small, period, listing)
        await sold(small, product, 1_001)
        found = await coverage_now(small, product)
        assert (found.state, found.left_units, found.share_per_mille) == (CoverageState.OVERSOLD, 0, 999)

    async def test_a_return_gives_back(self, small, product, period, listing):
        await covered(small, period, listing)
        await sold(small, product, 1_001)
        await count(small.market, product.id, [goods_back("r1", 1, NOON, of="1")])
        found = await coverage_now(small, product)
        assert (found.state, found.kept_units, found.returned_units) == (CoverageState.COVERED, 1_000, 1)

    async def test_sales_without_any_cover_are_oversold(self, small, product, period):
        await sold(small, product, 1)
        assert (await coverage_now(small, product)).state == CoverageState.OVERSOLD

    async def test_a_return_stands_on_the_day_of_its_sale_so_that_no_period_gets_more_back_than_it_sold(
        self, small, maker, product, period, listing
    ):
        await covered(small, period, listing)
        await sold(small, product, 5)
        small.clock.advance(timedelta(days=200))
        await count(small.market, product.id, [goods_back("r1", 5, small.clock(), of="1")])
        assert (await coverage_now(small, product, YEAR[1])).kept_units == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAPartlyCoveredUnit:
    async def test_shows_the_share_that_was_promised(self, small, maker, listing):
        product = await a_product(small, maker, g_per_unit=3_000, covered_g_per_unit=1_000)
        await covered(small, await a_period(small, maker, product), listing)
        await sold(small, product, 1_000)
        found = await coverage_now(small, product)
        assert (found.state, found.share_per_mille) == (CoverageState.PARTLY_COVERED, 333)

    async def test_and_less_when_more_is_sold(self, small, maker, listing):
        product = await a_product(small, maker, g_per_unit=3_000, covered_g_per_unit=1_000)
        await covered(small, await a_period(small, maker, product), listing)
        await sold(small, product, 2_000)
        found = await coverage_now(small, product)
        assert (found.state, found.share_per_mille) == (CoverageState.OVERSOLD, 166)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAGreaterFootprint:
    async def test_the_same_grams_suffice_for_fewer_units(self, small, maker, product, period, listing):
        await covered(small, period, listing)
        await sold(small, product, 500)
        await add_footprint_version(small.market, maker, product.id, UnitFootprint(2_000, 2_000, date(2026, 11, 1)))
        assert (await coverage_now(small, product)).left_units == 250
        await sold(small, product, 251, "2")
        assert (await coverage_now(small, product)).state == CoverageState.OVERSOLD


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestDaysAreJapansDays:
    async def test_the_last_day_counts_and_the_next_is_over(self, small, product, period, listing):
        await covered(small, period, listing)
        assert (await coverage_now(small, product, YEAR[1])).state == CoverageState.COVERED
        assert (await coverage_now(small, product, date(2027, 4, 1))).state == CoverageState.PERIOD_OVER

    async def test_before_its_first_period_nothing_is_covered(self, small, product, period, listing):
        await covered(small, period, listing)
        found = await coverage_now(small, product, date(2026, 3, 31))
        assert (found.state, found.from_day) == (CoverageState.NOT_COVERED, None)

    @pytest.mark.parametrize(
        ("days", "moment", "counts"),
        [
            # the last second of February in Japan is the afternoon before in UTC
            ((date(2028, 2, 1), date(2028, 2, 29)), "2028-02-29T14:59:59+00:00", True),
            ((date(2028, 2, 1), date(2028, 2, 29)), "2028-02-29T15:00:00+00:00", False),
            ((date(2027, 2, 1), date(2027, 2, 28)), "2027-02-28T23:59:59+09:00", True),
            ((date(2027, 1, 1), date(2027, 1, 31)), "2026-12-31T15:00:00+00:00", True),
            ((date(2027, 1, 1), date(2027, 1, 31)), "2026-12-31T14:59:59+00:00", False),
        ],
    )
    async def test_a_sale_belongs_to_the_day_it_was_in_japan(self, small, maker, days, moment, counts):
        product = await a_product(small, maker)
        await a_period(small, maker, product, days)
        at = datetime.fromisoformat(moment)
        small.clock.advance(at - small.clock())
        await count(small.market, product.id, [sale("1", 3, at)])
        assert (await coverage_now(small, product, days[1])).sold_units == (3 if counts else 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAProductThatHasEnded:
    async def test_says_so_whatever_its_cover(self, small, maker, product, period, listing):
        await covered(small, period, listing)
        await end_product(small.market, maker, product.id)
        await end_product(small.market, maker, product.id)
        found = await coverage_now(small, product)
        assert (found.state, found.product.ended) == (CoverageState.ENDED, True)

    async def test_one_that_never_was_is_not_found(self, small):
        with pytest.raises(ProductNotFound):
            await coverage_now(small, type("Nobody", (), {"id": "prd_unknown"}))
