"""Charts drawn by the server: nothing is drawn that is not there, nothing that is there vanishes, and the table has the figures."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.charts import CHART_HEIGHT, COLUMN_PLACE, RULER_WIDTH, columns, gauge
from frontend.locales import Locale
from frontend.months import end_of, last_months
from marketplace.accounts import belongings
from marketplace.accounts.roles import Role
from marketplace.certification.log_growth import sizes_at
from marketplace.clock import japan_date
from marketplace.orders.models import Order
from tests.builders.market import a_listing, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

amounts = st.integers(0, 10**15)


async def a_certified_order(shop: MarketSite) -> Order:
    order = await an_order(shop.small, await a_listing(shop.small))
    await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
    await shop.small.work()
    return await Order.get(id=order.id)


class TestColumns:
    @given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=24))
    def test_stand_in_their_place_on_one_scale(self, places: list[tuple[int, int]]) -> None:
        drawn = columns(places)
        values = [value for place in places for value in place]
        for column, value in zip(drawn, values, strict=True):
            assert column.y + column.height == CHART_HEIGHT
            assert (column.height > 0) == (value > 0)
        for number, (left, right) in enumerate(zip(drawn[::2], drawn[1::2], strict=True)):
            assert number * COLUMN_PLACE <= left.x
            assert left.x + left.width <= right.x
            assert right.x + right.width <= (number + 1) * COLUMN_PLACE
        if max(values):
            assert max(column.height for column in drawn) == CHART_HEIGHT


class TestTheGauge:
    @given(amounts, st.integers(1, 10**15))
    def test_less_than_all_never_looks_like_all(self, covered: int, needed: int) -> None:
        drawn = gauge(covered, needed)
        assert 0 <= drawn.reached <= RULER_WIDTH
        assert (drawn.reached >= drawn.goal) == (covered >= needed)

    def test_more_than_all_shows_where_all_of_it_ends(self) -> None:
        assert gauge(8, 4).goal == RULER_WIDTH // 2
        assert gauge(8, 4).reached == RULER_WIDTH
        assert (gauge(3, 0).goal, gauge(3, 0).reached) == (0, RULER_WIDTH)


class TestMonths:
    def test_are_those_of_japan_across_the_turn_of_a_year(self) -> None:
        assert last_months(date(2027, 1, 31), 3) == (date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1))

    @pytest.mark.parametrize(
        ("month", "end"),
        [
            (date(2026, 11, 1), datetime(2026, 11, 30, 15, tzinfo=UTC)),
            (date(2026, 12, 1), datetime(2026, 12, 31, 15, tzinfo=UTC)),
        ],
    )
    def test_end_at_midnight_in_japan(self, month: date, end: datetime) -> None:
        assert end_of(month) == end


class TestTheLog:
    @pytest.mark.parametrize("locale", list(Locale))
    async def test_before_the_first_entry_says_so(self, shop: MarketSite, locale: Locale) -> None:
        page = check_frame(await shop.client.get(f"/{locale}/log"))
        assert page.find_class("empty")
        assert len(page.xpath("//main//tbody/tr")) == 12

    async def test_grows_month_by_month(self, shop: MarketSite) -> None:
        before = shop.small.clock()
        await a_certified_order(shop)
        now = shop.small.clock() + timedelta(seconds=1)
        assert await sizes_at([before, now, now]) == [0, 1, 1]
        assert await sizes_at([]) == []
        page = check_frame(await shop.client.get("/ja/log"))
        assert [cell.strip() for cell in page.xpath("//main//tbody/tr/td/text()")] == ["1"] + ["0"] * 11


class TestTheHistoryOfAnOrganisation:
    async def test_shows_what_was_kept_and_what_was_certified_by_the_month(self, shop: MarketSite) -> None:
        actor = (await signed_in(shop.client, shop.small, Role.BUYER)).actor
        assert not check_frame(await shop.client.get("/ja/account")).find_class("columns")
        await belongings.keep_footprint(actor, await shop.a_footprint(), now=shop.small.clock())
        await belongings.claim(actor, await a_certified_order(shop), clock=shop.small.clock)
        page = check_frame(await shop.client.get("/en/account"))
        newest = page.xpath("//table[caption[contains(., 'kg')]]/tbody/tr[1]")[0]
        assert newest.xpath("string(th)") == f"{japan_date(shop.small.clock()):%B %Y}"
        assert [cell.text_content().strip() for cell in newest.findall("td")] == ["6,068.701", "3,000.000"]
        assert [bar.get("class") for bar in page.find_class("columns")[0].findall("rect")] == ["series-0", "series-1"]
