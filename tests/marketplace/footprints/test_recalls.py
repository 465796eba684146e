"""A factor turns out wrong: what used it is found, with the total it should have had; what was stored stays."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tortoise import connections
from tortoise.exceptions import BaseORMException

from marketplace.audit.service import ReasonMissing
from marketplace.footprints.models import FactorRecall
from marketplace.footprints.recalls import affected_footprints, recall_factor, recalls, recalls_in_force
from marketplace.footprints.service import StoredFootprints
from marketplace.orders.service import place
from offset_calc import Footprint, by_type
from offset_calc.errors import FactorNotFound, QuantityRefused
from offset_calc.factors import load
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish

PETROL = "jp.shk.gasoline.co2"


def driving(litres: str, name: str = "車両", factor_id: str = PETROL) -> Footprint:
    calculator = by_type("activities")
    assert calculator is not None
    rows: list[dict[str, Any]] = [{"quantity": litres, "unit": "L", "factor_id": factor_id}]
    period = {"start": "2025-04-01", "end": "2026-03-31"}
    raw = {"subject": {"name": name}, "period": period, "activities": rows}
    return calculator.calculate(calculator.read_inputs(raw))


async def recalled(small: SmallMarket, corrected: str | None = None, factor_id: str = PETROL) -> FactorRecall:
    return await recall_factor(factor_id, reason="印刷の誤り", corrected_value=corrected, clock=small.clock)


class TestWhatUsedItIsFound:
    async def test_only_footprints_with_the_factor(self, small: SmallMarket) -> None:
        store = StoredFootprints(small.clock)
        petrol = await store.save(driving("100"))
        await store.save(driving("100", factor_id="jp.shk.kerosene.co2"))
        found = [one async for one in affected_footprints(await recalled(small))]
        assert [one.footprint_id for one in found] == [petrol]
        assert found[0].found.corrected is None

    async def test_the_corrected_total_is_that_of_the_right_value(self, small: SmallMarket) -> None:
        footprint = driving("100")
        await StoredFootprints(small.clock).save(footprint)
        doubled = str(2 * load().by_id(PETROL).value)
        (one,) = [one async for one in affected_footprints(await recalled(small, doubled))]
        assert one.found.stored == footprint.total
        assert one.found.corrected is not None
        assert abs(one.found.corrected.value - 2 * footprint.total.value) <= 1
        assert one.found.shortfall is not None
        assert one.found.shortfall.value == one.found.corrected.value - footprint.total.value

    async def test_all_batches_are_walked(self, small: SmallMarket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("marketplace.footprints.recalls.BATCH", 2)
        store = StoredFootprints(small.clock)
        kept = {await store.save(driving(str(litres))) for litres in range(1, 6)}
        assert {one.footprint_id async for one in affected_footprints(await recalled(small))} == kept

    async def test_a_name_that_looks_like_the_factor_is_not_one(self, small: SmallMarket) -> None:
        store = StoredFootprints(small.clock)
        await store.save(driving("1", name=PETROL, factor_id="jp.shk.kerosene.co2"))
        assert [one async for one in affected_footprints(await recalled(small))] == []

    async def test_the_orders_that_rest_on_it_are_named(self, small: SmallMarket) -> None:
        footprint_id = await StoredFootprints(small.clock).save(driving("100"))
        quote = await a_quote(small, await a_listing(small), footprint_id=footprint_id)
        order = await place(small.market, a_wish(quote))
        (one,) = [one async for one in affected_footprints(await recalled(small))]
        assert one.order_ids == (order.id,)
        assert one.certificates == ()


class TestARecallIsARecord:
    async def test_the_newest_counts_and_all_are_kept(self, small: SmallMarket) -> None:
        first = await recalled(small)
        small.clock.advance(timedelta(seconds=1))
        second = await recalled(small, "2.4")
        assert [recall.id for recall in await recalls()] == [first.id, second.id]
        assert (await recalls_in_force())[PETROL].corrected_value == "2.4"

    async def test_the_value_is_kept_as_an_exact_text(self, small: SmallMarket) -> None:
        assert Decimal((await recalled(small, "２.３２０")).corrected_value or "0") == Decimal("2.32")

    @pytest.mark.parametrize("statement", ["UPDATE factor_recall SET reason = 'x'", "DELETE FROM factor_recall"])
    async def test_it_never_changes_and_never_vanishes(self, small: SmallMarket, statement: str) -> None:
        await recalled(small)
        with pytest.raises(BaseORMException, match="factor_recall_never"):
            await connections.get("default").execute_query(statement)

    async def test_a_recall_says_why(self, small: SmallMarket) -> None:
        with pytest.raises(ReasonMissing):
            await recall_factor(PETROL, reason="  ", corrected_value=None, clock=small.clock)

    async def test_an_unknown_factor_cannot_be_recalled(self, small: SmallMarket) -> None:
        with pytest.raises(FactorNotFound):
            await recalled(small, factor_id="no.such.factor")

    @pytest.mark.parametrize("value", ["-1", "many", "1e3", "NaN"])
    async def test_a_corrected_value_is_a_plain_number(self, small: SmallMarket, value: str) -> None:
        with pytest.raises(QuantityRefused):
            await recalled(small, value)
        assert await recalls() == []


class TestWhatTheResultPageAsks:
    async def test_the_newest_recall_of_each_factor_of_a_footprint(self, small: SmallMarket) -> None:
        store = StoredFootprints(small.clock)
        assert list(await store.recalled(driving("1"))) == []
        await recalled(small)
        small.clock.advance(timedelta(seconds=1))
        await recalled(small, "2.4")
        (found,) = await store.recalled(driving("1"))
        assert (found.factor_id, found.corrected_value) == (PETROL, Decimal("2.4"))
        assert list(await store.recalled(driving("1", factor_id="jp.shk.kerosene.co2"))) == []
