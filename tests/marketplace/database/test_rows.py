"""Rows found and changed by the values of their columns, beside what the ORM says of the same rows, on both databases."""

import pytest
from tortoise.exceptions import DoesNotExist, IntegrityError

from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Block, Holding, Interval, Provider, RegistryAccount
from marketplace.inventory.states import IntervalState
from marketplace.listings.models import Listing
from marketplace.orders.models import OrderEvent
from tests.builders.market import a_listing, a_quote, a_small_market, an_order


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


class TestFindingWithWhatRowsLeadTo:
    async def test_each_row_comes_with_the_rows_that_it_names(self, db):
        small = a_small_market()
        listings = [await a_listing(small), await a_listing(small)]
        steps = (
            rows.Joined(Holding, "holding_id"),
            rows.Joined(Block, "block_id", of=1),
            rows.Joined(RegistryAccount, "account_id", of=1),
        )
        found = await rows.find_joined(Listing, *steps, id=[one.id for one in listings], order_by="id")
        assert [one.id for one, *_ in found] == sorted(one.id for one in listings)
        for listing, holding, block, account in found:
            assert dict(block) == dict(await Block.get(id=holding.block_id))
            assert dict(account) == dict(await RegistryAccount.get(id=holding.account_id))
            assert listing.holding_id == holding.id

    async def test_an_empty_list_finds_nothing(self, db):
        assert await rows.find_joined(Listing, rows.Joined(Holding, "holding_id"), id=[]) == []


class TestWriting:
    async def test_many_rows_are_those_that_the_orm_would_have_written(self, db):
        new = [Provider(id=f"p{n:03}", name_ja="供給者", name_en="", invented=n % 2 == 0) for n in range(205)]
        await rows.insert(*new)
        assert [dict(one) for one in await Provider.all().order_by("id")] == [dict(one) for one in new]

    async def test_a_key_that_the_database_gives_is_set(self, db):
        small = a_small_market()
        order = await an_order(small, await a_listing(small))
        new = [OrderEvent(order_id=order.id, kind=kind, detail="{}", at=order.created_at) for kind in ("a", "b", "c")]
        await rows.insert(*new)
        found = {one.id: one.kind for one in await OrderEvent.filter(order_id=order.id, kind__in=["a", "b", "c"])}
        assert found == {one.id: one.kind for one in new}

    async def test_what_clashes_is_left_out_and_the_rest_is_named(self, db):
        await _two_providers()
        new = [Provider(id=name, name_ja="other", name_en="", invented=True) for name in ("b", "c")]
        assert await rows.insert_missing(*new) == [new[1]]
        assert [(one.id, one.name_ja) for one in await Provider.all().order_by("id")] == [
            ("a", "供給者a"),
            ("b", "供給者b"),
            ("c", "other"),
        ]

    async def test_a_clash_is_an_error_where_nothing_is_left_out(self, db):
        await _two_providers()
        with pytest.raises(IntegrityError):
            await rows.insert(Provider(id="b", name_ja="other", name_en="", invented=True))


class TestDeleting:
    async def test_only_rows_with_these_values_go(self, db):
        await _two_providers()
        await rows.delete(Provider, id=["a", "b"], invented=True)
        assert [one.id for one in await Provider.all()] == ["b"]

    async def test_an_empty_list_deletes_nothing(self, db):
        await _two_providers()
        await rows.delete(Provider, id=[])
        assert await Provider.all().count() == 2


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
