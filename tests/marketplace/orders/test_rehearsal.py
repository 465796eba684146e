"""A rehearsal follows every rule of an order and leaves nothing behind."""

import pytest

from marketplace.errors import QuoteUsed, TotalAboveLimit
from marketplace.inventory.models import Interval
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.rehearsal import rehearse
from marketplace.orders.service import place
from marketplace.outbox.models import Job
from marketplace.quotes.models import Quote
from tests.builders.market import a_listing, a_quote, a_wish


@pytest.fixture
async def quote(small):
    return await a_quote(small, await a_listing(small))


class TestARehearsal:
    async def test_shows_the_order_as_it_would_stand(self, small, quote):
        order = await rehearse(small.market, a_wish(quote))
        assert (order.quote_id, order.total_yen, order.state) == (quote.id, quote.total_yen, "quoted")

    async def test_leaves_nothing_behind(self, small, quote):
        held = await Interval.all().order_by("id").values()
        await rehearse(small.market, a_wish(quote))
        for model in (Order, OrderEvent, Job):
            assert not await model.exists()
        assert (await Quote.get(id=quote.id)).state == "open"
        assert await Interval.all().order_by("id").values() == held

    async def test_may_be_followed_by_the_order_itself(self, small, quote):
        await rehearse(small.market, a_wish(quote))
        assert (await place(small.market, a_wish(quote))).quote_id == quote.id

    async def test_refuses_what_the_order_would_refuse(self, small, quote):
        with pytest.raises(TotalAboveLimit):
            await rehearse(small.market, a_wish(quote, max_total_yen=1))
        await place(small.market, a_wish(quote))
        with pytest.raises(QuoteUsed):
            await rehearse(small.market, a_wish(quote))
