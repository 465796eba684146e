"""Rows found and changed by the values of their columns, beside what the ORM says of the same rows, on both databases."""

import pytest
from tortoise.exceptions import DoesNotExist

from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Interval, Provider
from marketplace.inventory.states import IntervalState
from marketplace.listings.models import Listing
from tests.builders.market import a_listing, a_quote, a_small_market


async def _two_providers() -> None:
    for name in ("a", "b"):
        await Provider.create(id=name, name_ja=f"供給者{name}", name_en="", invented=name == "a")


class TestFinding:
    async def test_a_row_is_the_one_that_the_orm_finds(self, db):
        small = a_small_market()
        listing = await a_listing(small)
        await a_quote(small, listing)
        for one in await Interval.all():
            found = await rows.get(Interval, id=one.id)
            assert {name: getattr(found, name) for name in Interval._meta.fields_db_projection} == {
                name: getattr(one, name) for name in Interval._meta.fields_db_projection
            }

    async def test_a_list_stands_for_any_of_its_values(self, db):
        await _two_providers()
        assert [one.id for one in await rows.find_all(Provider, id=["b", "a", "c"], order_by="id")] == ["a", "b"]
        assert [one.id for one in await rows.find_all(Provider, id=["b"], order_by="id")] == ["b"]
        assert await rows.find_all(Provider, id=[]) == []

    async def test_none_stands_for_no_value(self, db):
        small = a_small_market()
        listing = await a_listing(small)
        await a_quote(small, listing)
        (free,) = await rows.find_all(Interval, quote_line_id=None)
        assert free.state == IntervalState.AVAILABLE

    async def test_nothing_is_found_as_none_or_refused(self, db):
        assert await rows.find(Provider, id="nobody") is None
        with pytest.raises(DoesNotExist):
            await rows.get(Provider, id="nobody")


class TestChanging:
    async def test_only_rows_with_these_values_change_and_are_counted(self, db):
        await _two_providers()
        assert await rows.change(Provider, {"id": "a", "invented": True}, name_en="A") == 1
        assert await rows.change(Provider, {"id": "b", "invented": True}, name_en="B") == 0
        assert [one.name_en for one in await Provider.all().order_by("id")] == ["A", ""]

    async def test_a_value_is_taken_away(self, db):
        small = a_small_market()
        listing = await a_listing(small)
        await rows.change(Listing, {"id": listing.id}, closes_on=small.clock().date())
        assert (await rows.get(Listing, id=listing.id)).closes_on == small.clock().date()
        await rows.change(Listing, {"id": listing.id}, closes_on=None)
        assert (await rows.get(Listing, id=listing.id)).closes_on is None

    async def test_what_a_transaction_changed_is_undone_with_it(self, db):
        await _two_providers()

        async def work(_):
            await rows.change(Provider, {"id": "a"}, name_en="A")
            assert (await rows.get(Provider, id="a")).name_en == "A"
            raise RuntimeError("after the change")

        with pytest.raises(RuntimeError):
            await run_tx(work)
        assert (await rows.get(Provider, id="a")).name_en == ""
