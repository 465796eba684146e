"""Serials leave a holding from the low end, are withdrawn from the high end, and what comes back is one stretch again."""

from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed, NotEnoughUnits
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.inventory.serials import CannotSplit, SerialRange
from marketplace.inventory.states import IntervalState
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from tests.builders.market import a_listing, a_quote

AVAILABLE, RESERVED, CANCELLING = IntervalState.AVAILABLE, IntervalState.RESERVED, IntervalState.CANCELLING
WITHDRAWN = IntervalState.WITHDRAWN


async def stretches() -> list[tuple[int, int, str]]:
    return [(one.first_serial, one.last_serial, one.state) for one in await Interval.all().order_by("first_serial")]


async def line_ids(quote) -> list[str]:
    return [line.id for line in await quotes.lines_of(quote.id)]


async def run_out(quote) -> None:
    async def work(tx):
        await Quote.filter(id=quote.id).update(state="expired")
        await inventory.release(tx, await line_ids(quote))

    await run_tx(work)


async def withdraw(small, listing, tonnes) -> None:
    await run_tx(lambda tx: inventory.withdraw(tx, listing.holding_id, tonnes, now=small.clock()))


class TestReservedSerials:
    async def test_fill_the_lowest_gap_first_and_refuse_what_is_not_there(self, small):
        listing = await a_listing(small, tonnes=10)
        low, _, high = [await a_quote(small, listing, tonnes=tonnes) for tonnes in (3, 2, 1)]
        await run_out(low)
        await run_out(high)
        assert await stretches() == [(1, 3, AVAILABLE), (4, 5, RESERVED), (6, 10, AVAILABLE)]

        await a_quote(small, listing, tonnes=4)
        assert await stretches() == [(1, 3, RESERVED), (4, 5, RESERVED), (6, 6, RESERVED), (7, 10, AVAILABLE)]
        with pytest.raises(NotEnoughUnits) as refused:
            await a_quote(small, listing, tonnes=5)
        assert (refused.value.params["asked"], refused.value.params["free"]) == (5, 4)

    async def test_are_held_for_longer_when_asked(self, small):
        quote = await a_quote(small, await a_listing(small))
        later = small.clock() + timedelta(days=3)
        await run_tx(lambda _: inventory.hold_until([], later))
        await run_tx(lambda _: hold(quote, later))
        (held,) = await inventory.reserved_for(await line_ids(quote))
        assert held.reserved_until == later


async def hold(quote, until) -> None:
    await inventory.hold_until(await line_ids(quote), until)


class TestWithdrawnSerials:
    async def test_leave_from_the_high_end_and_come_back_as_one_stretch(self, small):
        listing = await a_listing(small, tonnes=10)
        low, _ = [await a_quote(small, listing, tonnes=tonnes) for tonnes in (2, 3)]
        await run_out(low)
        await withdraw(small, listing, 3)
        assert await stretches() == [(1, 2, AVAILABLE), (3, 5, RESERVED), (6, 7, AVAILABLE), (8, 10, WITHDRAWN)]

        await withdraw(small, listing, 3)
        assert await stretches() == [
            (1, 1, AVAILABLE),
            (2, 2, WITHDRAWN),
            (3, 5, RESERVED),
            (6, 7, WITHDRAWN),
            (8, 10, WITHDRAWN),
        ]
        with pytest.raises(NotEnoughUnits):
            await withdraw(small, listing, 2)

        assert await run_tx(lambda tx: inventory.put_back(tx, listing.holding_id)) == 6
        assert await stretches() == [(1, 2, AVAILABLE), (3, 5, RESERVED), (6, 10, AVAILABLE)]


class TakenBack(Exception):
    """Ends a transaction without a trace, where only the registry could end what was begun."""


async def sent_to_the_registry(small, check) -> None:
    """Six serials on their way, and what `check` does with them."""
    quote = await a_quote(small, await a_listing(small, tonnes=9), tonnes=6)

    async def work(tx):
        reserved = await inventory.reserved_for(await line_ids(quote))
        await inventory.start_cancelling(reserved)
        with pytest.raises(MoveNotAllowed, match="no longer"):
            await inventory.start_cancelling(reserved)
        (interval,) = await inventory.of_lines(await line_ids(quote))
        await check(tx, interval)
        raise TakenBack

    with pytest.raises(TakenBack):
        await run_tx(work)


class TestSerialsOnTheirWayToTheRegistry:
    async def test_start_once_and_may_be_called_back_before_they_have_left(self, small):
        async def check(tx, interval):
            assert (interval.state, interval.reserved_until) == (CANCELLING, None)
            with pytest.raises(MoveNotAllowed, match="cannot move"):
                await inventory.start_cancelling([interval])
            await inventory.start_cancelling([])
            await inventory.stop_cancelling(tx, interval)
            assert await stretches() == [(1, 9, AVAILABLE)]
            with pytest.raises(MoveNotAllowed, match="no longer"):
                await inventory.stop_cancelling(tx, interval)
            interval.state = IntervalState.CANCELLED
            with pytest.raises(MoveNotAllowed, match="cannot move"):
                await inventory.stop_cancelling(tx, interval)

        await sent_to_the_registry(small, check)

    async def test_that_were_refused_are_off_sale(self, small):
        async def check(tx, interval):
            await inventory.withdraw_refused(tx, interval)
            assert await stretches() == [(1, 6, WITHDRAWN), (7, 9, AVAILABLE)]

        await sent_to_the_registry(small, check)

    async def test_are_cut_only_into_what_tiles_them_and_only_as_they_were_seen(self, small):
        async def check(tx, interval):
            for pieces in ([(1, 3)], [(1, 4), (3, 6)], [(1, 3), (4, 7)]):
                with pytest.raises(CannotSplit):
                    await cut(tx, interval, pieces)
            high, low = await cut(tx, interval, [(4, 6), (1, 3)])
            assert (high.id, high.serials, low.serials) == (interval.id, SerialRange(4, 6), SerialRange(1, 3))
            assert low.quote_line_id == high.quote_line_id == interval.quote_line_id
            assert await stretches() == [(1, 3, CANCELLING), (4, 6, CANCELLING), (7, 9, AVAILABLE)]
            with pytest.raises(MoveNotAllowed):
                await cut(tx, interval, [(1, 2), (3, 6)])

        async def cut(tx, interval, pieces):
            spans = [SerialRange(*piece) for piece in pieces]
            return await inventory.split_cancelling(tx, interval, spans, now=small.clock())

        await sent_to_the_registry(small, check)


class TestALineIsUnderWay:
    @pytest.mark.parametrize("state", IntervalState)
    def test_while_any_of_its_serials_awaits_its_end(self, state):
        ended, one = Interval(state=IntervalState.CANCELLED), Interval(state=state)
        assert inventory.under_way([ended, one]) is (state in {RESERVED, CANCELLING})
