"""An order takes its number and its place in a status list once; a list that fills up is followed by the next."""

from collections import Counter

import pytest

from certificates import reservations
from certificates.reservations import ReservedForOtherEnvironment, reserve, reserve_all
from certificates.statement import Environment
from marketplace.database.transactions import run_tx
from tests.certificates.authority import NOW

pytestmark = pytest.mark.usefixtures("db")


async def taken(*orders: str, environment: Environment = Environment.SANDBOX):
    return await run_tx(lambda _: reserve_all(orders, environment, now=NOW))


class TestAnOrder:
    async def test_keeps_what_it_took_first(self) -> None:
        first = await run_tx(lambda _: reserve("ord_1", Environment.SANDBOX, now=NOW))
        again = await run_tx(lambda _: reserve("ord_1", Environment.SANDBOX, now=NOW))
        assert (first.order_reference, first.environment) == ("ord_1", Environment.SANDBOX)
        assert again == first
        assert (first.fresh, again.fresh) == (True, False)

    async def test_takes_beside_others_that_have_theirs(self) -> None:
        before = await taken("ord_1")
        together = await taken("ord_2", "ord_1", "ord_3")
        assert together["ord_1"] == before["ord_1"]
        assert {order: one.fresh for order, one in together.items()} == {"ord_1": False, "ord_2": True, "ord_3": True}
        assert len({one.number for one in together.values()}) == len({one.slot for one in together.values()}) == 3

    async def test_of_the_other_environment_stops_all(self) -> None:
        await taken("ord_1", environment=Environment.LIVE)
        with pytest.raises(ReservedForOtherEnvironment):
            await taken("ord_1", "ord_2")
        assert (await taken("ord_2"))["ord_2"].fresh


class TestAList:
    async def test_is_left_for_the_next_one_when_about_half_of_it_is_taken(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reservations, "PLACES", 40)

        async def one_by_one(_: object) -> list[int]:
            return [
                (await reserve(f"ord_{number}", Environment.SANDBOX, now=NOW)).slot.list_number for number in range(60)
            ]

        lists = await run_tx(one_by_one)
        assert lists == sorted(lists)
        assert set(lists) == set(range(1, lists[-1] + 1))
        # of the places drawn, at least 9 are different: 4 that are taken are no half of them, 4 that are free are none either
        *full, _ = Counter(lists).values()
        assert full
        assert all(4 < size <= 36 for size in full)

    async def test_has_room_for_many_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reservations, "PLACES", 400)
        found = await taken(*(f"ord_{number}" for number in range(100)))
        assert {one.slot.list_number for one in found.values()} == {1}
        assert len({one.slot for one in found.values()}) == 100

    async def test_that_has_no_room_for_many_at_once_is_left_for_the_next(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reservations, "PLACES", 40)
        found = [await taken(*(f"ord_{batch}_{number}" for number in range(15))) for batch in range(3)]
        slots = {one.slot for batch in found for one in batch.values()}
        assert len(slots) == 45
        assert max(slot.list_number for slot in slots) > 1
