"""The progress of an order told as it happens: in order, from where the listener left off, to a bounded number of listeners."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from starlette.requests import Request

from frontend.order_news import OrderNews, TooManyListeners
from frontend.pages import order as order_page
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from tests.builders.market import a_listing
from tests.frontend.market_site import MarketSite
from tests.frontend.test_order_path import ordered

SOON = 5


@pytest.fixture
async def waiting(shop: MarketSite) -> Order:
    """An order that waits for its payment."""
    await a_listing(shop.small)
    return await ordered(shop)


def listening(
    shop: MarketSite, order: Order, news: OrderNews, *, known: str = "", heard: str = ""
) -> AsyncIterator[str]:
    """What a browser gets that knows version `known` of the page, or has heard the event `heard` before its line broke."""
    request = Request(
        {
            "type": "http",
            "method": "GET",
            "path": f"/ja/orders/{order.access_token}/news",
            "query_string": f"known={known}".encode(),
            "headers": [(b"last-event-id", heard.encode())] if heard else [],
            "state": {"services": shop.services},
        }
    )
    return order_page._told(request, order, news)


async def said(stream: AsyncIterator[str]) -> dict[str, object]:
    """The next event of the stream, past everything that is none."""
    async with asyncio.timeout(SOON):
        async for block in stream:
            if "event: progress" in block:
                data: dict[str, object] = json.loads(block.partition("data: ")[2])
                assert f"id: {data['version']}\n" in block
                return data
    raise AssertionError("the stream ended without an event")


async def rest(stream: AsyncIterator[str]) -> list[str]:
    async with asyncio.timeout(SOON):
        return [block async for block in stream]


class TestNewsOfAnOrder:
    async def test_what_is_new_is_told_at_once_and_what_happens_then_as_it_happens(
        self, shop: MarketSite, waiting: Order
    ) -> None:
        stream = listening(shop, waiting, OrderNews(every_seconds=0.01))
        first = await said(stream)
        await note(waiting.id, Happened.PAYMENT_FAILED, at=shop.small.clock())
        second = await said(stream)
        assert first["version"] != second["version"]
        assert second["under_way"] is True
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    @pytest.mark.parametrize("how", ["known", "heard"])
    async def test_a_listener_goes_on_where_it_was(self, shop: MarketSite, waiting: Order, how: str) -> None:
        known = (await shop.client.get(f"/ja/orders/{waiting.access_token}/status")).json()["version"]
        stream = listening(shop, waiting, OrderNews(every_seconds=0.01), **{how: known})
        assert await anext(stream) == "retry: 3000\n\n"
        await note(waiting.id, Happened.PAYMENT_FAILED, at=shop.small.clock())
        assert (await said(stream))["version"] != known
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    async def test_ends_with_the_order(self, shop: MarketSite, waiting: Order) -> None:
        await Order.filter(id=waiting.id).update(state=OrderState.EXPIRED)
        *_, last = await rest(listening(shop, await Order.get(), OrderNews()))
        assert '"under_way": false' in last

    async def test_over_http_it_is_an_event_stream_that_nobody_keeps(self, shop: MarketSite, waiting: Order) -> None:
        await Order.filter(id=waiting.id).update(state=OrderState.EXPIRED)
        answer = await shop.client.get(f"/ja/orders/{waiting.access_token}/news")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert (await shop.client.get("/ja/orders/nobody/news")).status_code == httpx.codes.NOT_FOUND


class TestListeners:
    async def test_are_bounded_and_leave_their_place(self, waiting: Order) -> None:
        news = OrderNews(most=1)
        with news.listening(waiting.id):
            assert news.is_full
            with pytest.raises(TooManyListeners), news.listening(waiting.id):
                pass
        assert news.listeners == 0
        with news.listening(waiting.id):
            assert news.listeners == 1

    async def test_whoever_finds_no_place_is_told_to_come_again(self, shop: MarketSite, waiting: Order) -> None:
        stream = listening(shop, waiting, OrderNews(most=0))
        assert await rest(stream) == ["retry: 3000\n\n"]

    async def test_all_go_home_when_the_service_ends(self, shop: MarketSite, waiting: Order) -> None:
        news = OrderNews(every_seconds=60)
        stream = listening(shop, waiting, news)
        await said(stream)
        ending = asyncio.create_task(rest(stream))
        await asyncio.sleep(0)
        news.close()
        assert await ending == []
        assert news.listeners == 0
        assert news.is_full

    async def test_a_failed_look_wakes_everyone_instead_of_leaving_them_waiting(
        self, waiting: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def no_database(order_ids: list[str]) -> dict[str, object]:
            raise ConnectionError(*order_ids)

        monkeypatch.setattr("frontend.order_news._marks", no_database)
        with OrderNews(every_seconds=0.01).listening(waiting.id) as happened:
            await asyncio.wait_for(happened.wait(), SOON)


class TestAPageWithoutPlace:
    async def test_is_answered_with_503_and_asks_now_and_then(self, shop: MarketSite, waiting: Order) -> None:
        request = Request(
            {
                "type": "http",
                "method": "GET",
                "path": "/",
                "path_params": {"token": waiting.access_token},
                "headers": [],
                "app": SimpleNamespace(state=SimpleNamespace(order_news=OrderNews(most=0))),
                "state": {"services": shop.services},
            }
        )
        answer = await order_page.news(request)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert int(answer.headers["retry-after"]) > 0
