"""The button that takes an order back, on the order's own page, without JavaScript."""

from lxml import html

from tests.builders.market import a_listing, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite


class TestTakingAnOrderBack:
    async def test_is_offered_while_it_is_free_and_then_said(self, shop: MarketSite) -> None:
        order = await an_order(shop.small, await a_listing(shop.small))
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        answer = await shop.press(page, refund_to="payment")
        assert answer.status_code == 303
        after = await shop.page(answer.headers["location"])
        assert "注文取消し" in after.text_content()
        assert not after.xpath("//button[@name='refund_to']")

    async def test_that_comes_too_late_is_refused_in_words(self, shop: MarketSite) -> None:
        order = await an_order(shop.small, await a_listing(shop.small))
        page = await shop.page(f"/en/orders/{order.access_token}")
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session))
        await shop.small.work()
        answer = await shop.press(page, refund_to="payment")
        assert answer.status_code == 409
        assert "too late to cancel" in html.fromstring(answer.content).text_content()
