"""Sales and returns count once for ever, whoever reports them, and nothing can be unsaid."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.clock import JAPAN
from marketplace.database.transactions import run_tx
from marketplace.mail.models import Mail
from marketplace.products.counting import AHEAD_AT_MOST, MOST_UNITS, Fate, count, goods_back, rehearse, sale
from marketplace.products.errors import (
    CountedDifferently,
    FootprintStartsLater,
    ProductEnded,
    ReturnsExceedSale,
    SaleInFuture,
    SaleNotFound,
    TooManyGrams,
)
from marketplace.products.models import CoverPeriod, ProductCover, ProductEntry, ProductFootprint
from marketplace.products.service import end_product
from tests.builders.products import YEAR, a_product, coverage_now, covered

NOON = datetime(2026, 11, 20, 12, tzinfo=JAPAN)


def fates(outcomes):
    return [outcome.fate for outcome in outcomes]


class TestASourceCountsOnce:
    async def test_the_same_again_is_known(self, small, product, period):
        assert fates(await count(small.market, product.id, [sale("1", 2, NOON)])) == [Fate.NEW]
        assert fates(await count(small.market, product.id, [sale("1", 2, NOON), sale("2", 1, NOON)])) == [
            Fate.KNOWN,
            Fate.NEW,
        ]
        assert (await coverage_now(small, product)).sold_units == 3

    async def test_twice_in_one_batch_is_once(self, small, product, period):
        await count(small.market, product.id, [sale("1", 2, NOON), sale("1", 2, NOON)])
        assert (await coverage_now(small, product)).sold_units == 2

    @pytest.mark.parametrize("other", [sale("1", 3, NOON), sale("1", 2, NOON - timedelta(days=1))])
    async def test_other_figures_are_refused_and_with_them_the_whole_batch(self, small, product, period, other):
        await count(small.market, product.id, [sale("1", 2, NOON)])
        with pytest.raises(CountedDifferently):
            await count(small.market, product.id, [sale("2", 1, NOON), other])
        assert (await coverage_now(small, product)).sold_units == 2

    async def test_four_connections_at_once_are_one_effect(self, small, product, period):
        batch = [sale(str(number), 1, NOON) for number in range(20)] + [goods_back("r", 1, NOON, of="3")]
        await asyncio.gather(*(count(small.market, product.id, batch) for _ in range(4)))
        found = await coverage_now(small, product)
        assert (found.sold_units, found.returned_units) == (20, 1)


class TestReturns:
    async def test_stand_on_their_sale_also_within_one_batch(self, small, product, period):
        await count(small.market, product.id, [sale("1", 5, NOON), goods_back("r1", 2, NOON, of="1")])
        assert fates(await count(small.market, product.id, [goods_back("r1", 2, NOON, of="1")])) == [Fate.KNOWN]
        assert (await coverage_now(small, product)).kept_units == 3

    async def test_beyond_the_sale_are_refused(self, small, product, period):
        await count(small.market, product.id, [sale("1", 5, NOON), goods_back("r1", 2, NOON, of="1")])
        with pytest.raises(ReturnsExceedSale) as refused:
            await count(small.market, product.id, [goods_back("r2", 4, NOON, of="1")])
        assert refused.value.params["left"] == 3

    async def test_two_at_once_never_give_back_more_than_was_sold(self, small, product, period):
        await count(small.market, product.id, [sale("1", 5, NOON)])
        answers = await asyncio.gather(
            *(count(small.market, product.id, [goods_back(f"r{n}", 3, NOON, of="1")]) for n in range(4)),
            return_exceptions=True,
        )
        assert [type(one) for one in answers if isinstance(one, BaseException)] == [ReturnsExceedSale] * 3
        assert (await coverage_now(small, product)).kept_units == 2

    async def test_of_what_was_not_sold_are_refused(self, small, product, period):
        with pytest.raises(SaleNotFound):
            await count(small.market, product.id, [goods_back("r1", 1, NOON, of="1")])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestWhatCannotBeCounted:
    async def test_is_named_row_by_row_in_a_rehearsal_that_writes_nothing(self, small, product, period):
        await count(small.market, product.id, [sale("1", 2, NOON)])
        rows = [
            sale("1", 2, NOON),
            sale("2", 2, NOON),
            sale("3", 1, small.clock() + AHEAD_AT_MOST + timedelta(seconds=1)),
            sale("4", 1, NOON - timedelta(days=400)),
            goods_back("5", 3, NOON, of="2"),
            goods_back("6", 1, NOON, of="nothing"),
            goods_back("7", 2, NOON, of="2"),
            goods_back("8", 1, NOON, of="2"),
        ]
        outcomes = await rehearse(small.market, product.id, rows)
        assert [type(one.refusal) if one.refusal else one.fate for one in outcomes] == [
            Fate.KNOWN,
            Fate.NEW,
            SaleInFuture,
            FootprintStartsLater,
            ReturnsExceedSale,
            SaleNotFound,
            Fate.NEW,
            ReturnsExceedSale,
        ]
        assert await ProductEntry.all().count() == 1

    async def test_more_grams_than_an_entry_holds(self, small, maker):
        heavy = await a_product(small, maker, g_per_unit=10**12)
        with pytest.raises(TooManyGrams):
            await count(small.market, heavy.id, [sale("1", MOST_UNITS, NOON)])

    async def test_anything_of_a_product_that_has_ended(self, small, maker, product, period):
        await end_product(small.market, maker, product.id)
        with pytest.raises(ProductEnded):
            await count(small.market, product.id, [sale("1", 1, NOON)])


class TestTheDatabaseKeepsTheLedger:
    async def refused(self, rule, work) -> None:
        with pytest.raises((IntegrityError, OperationalError), match=rule):
            await run_tx(work)

    async def test_nothing_in_it_changes(self, small, product, period, listing):
        await count(small.market, product.id, [sale("1", 5, NOON), goods_back("r1", 2, NOON, of="1")])
        await covered(small, period, listing)
        frozen = (
            (ProductEntry, "product_entry"),
            (ProductCover, "product_cover"),
            (ProductFootprint, "product_footprint"),
        )
        for model, name in frozen:
            await self.refused(f"{name}_never_changes", lambda _, model=model: model.all().update(product_id="prd_x"))
            await self.refused(f"{name}_never_changes", lambda _, model=model: model.all().delete())

        sold = await ProductEntry.get(source="sale:1")
        facts = {
            "product_id": product.id,
            "units": 1,
            "grams": 1_000,
            "day": sold.day,
            "happened_at": NOON,
            "counted_at": NOON,
        }
        cover = await ProductCover.get()
        of_cover = {"cover_id": cover.id, "period_id": period.id, "certificate_number": "x"}
        for rule, entry in {
            "returns_exceed_sale": {"kind": "returned", "sale_id": sold.id, "units": 4, "grams": 4_000},
            "return_differs_from_sale": {"kind": "returned", "sale_id": sold.id, "grams": 999},
            "return_without_sale": {"kind": "returned", "sale_id": sold.id, "day": date(2026, 1, 1)},
            "cover_differs_from_purchase": {"kind": "covered", **of_cover, "units": 1_001},
            "uncovered_without_cover": {"kind": "uncovered", **of_cover},
        }.items():
            await self.refused(rule, lambda _, entry=entry: ProductEntry.create(**(facts | {"source": "x"} | entry)))

    async def test_a_cover_enters_and_leaves_once(self, small, product, period, listing):
        await covered(small, period, listing)
        entry = await ProductEntry.get(kind="covered")

        async def again(_: object) -> None:
            entry.id, entry.source = None, "again"
            await entry.save(force_create=True)

        with pytest.raises((IntegrityError, OperationalError)):
            await run_tx(again)

    async def test_periods_never_overlap(self, small, product, period):
        await self.refused(
            "cover_periods_never_overlap",
            lambda _: CoverPeriod.create(
                id="cvp_x", product_id=product.id, first_day=YEAR[1], last_day=YEAR[1], created_at=NOON
            ),
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestTheOwnersAreTold:
    async def messages(self) -> list[str]:
        return [mail.message for mail in await Mail.all().order_by("created_at", "id") if "product" in mail.message]

    async def test_at_80_percent_and_at_100_once_each(self, small, product, period, listing):
        await covered(small, period, listing)
        for external_id, units, told in (
            ("1", 799, []),
            ("2", 1, ["product_cover_low"]),
            ("3", 100, ["product_cover_low"]),
            ("4", 100, ["product_cover_low", "product_cover_used_up"]),
            ("5", 900, ["product_cover_low", "product_cover_used_up"]),
        ):
            await count(small.market, product.id, [sale(external_id, units, NOON)])
            await small.work()
            assert await self.messages() == told
            small.clock.advance(timedelta(seconds=1))

    async def test_again_only_after_more_cover_has_come_in(self, small, product, period, listing):
        await covered(small, period, listing)
        await count(small.market, product.id, [sale("1", 900, NOON)])
        await small.work()
        await covered(small, period, listing)
        assert await self.messages() == ["product_cover_low"]
        small.clock.advance(timedelta(seconds=1))
        await count(small.market, product.id, [sale("2", 800, NOON)])
        await small.work()
        assert await self.messages() == ["product_cover_low", "product_cover_low"]
        body = (await Mail.filter(message="product_cover_low").first()).body
        assert "足跡ノート" in body and product.id in body


movements = st.lists(
    st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 4), st.integers(0, 40)), min_size=1, max_size=12
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(steps=movements)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_reported_the_ledger_is_what_a_plain_count_says(small, maker, steps):
    """A model of dictionaries beside it: sales by number, returns by number, each once, never more back than out."""
    product = await a_product(small, maker)
    sold: dict[str, tuple[int, date]] = {}
    back: dict[str, tuple[str, int]] = {}
    for is_sale, number, units, days in steps:
        at = NOON - timedelta(days=days)
        name = str(number)
        step = sale(name, units, at) if is_sale else goods_back(f"r{days % 4}", units, at, of=name)
        if is_sale:
            fits = name not in sold or sold[name] == (units, at.date())
        else:
            key = f"r{days % 4}"
            left = sold[name][0] - sum(u for n, u in back.values() if n == name) if name in sold else 0
            fits = back[key] == (name, units) if key in back else units <= left
        try:
            await count(small.market, product.id, [step])
            assert fits, step
        except (CountedDifferently, ReturnsExceedSale, SaleNotFound):
            assert not fits, step
            continue
        if is_sale:
            sold[name] = (units, at.date())
        else:
            back[f"r{days % 4}"] = (name, units)
    rows = await ProductEntry.filter(product_id=product.id)
    assert sum(row.units for row in rows if row.kind == "sold") == sum(units for units, _ in sold.values())
    assert sum(row.units for row in rows if row.kind == "returned") == sum(units for _, units in back.values())
    assert all(row.grams == row.units * 1_000 for row in rows)
