"""An order of which a part could not be cancelled: its page says how much, and what goes back."""

from dataclasses import replace

import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from tests.builders.market import a_listing, a_quote, a_wish
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_the_page_says_both(shop: MarketSite, language: str) -> None:
    quote = await a_quote(shop.small, await a_listing(shop.small, tonnes=3))
    order = await orders.place(shop.small.market, a_wish(quote, locale=language))
    order = await orders.open_checkout(shop.small.market, order.id)
    shop.small.registry.change_notice = lambda notice: replace(notice, serials=(SerialRange(1, 2),))
    await shop.small.deliver(shop.small.payments.pay(order.checkout_session))
    await shop.small.work()
    page = check_frame(await shop.client.get(f"/{language}/orders/{order.access_token}"))
    lead = page.find_class("lead")[0].text_content()
    assert {"ja": "1 トンは無効化できなかった", "en": "1 t could not be cancelled"}[language] in lead
    assert page.xpath("//a[contains(@href, '/c/')]")
