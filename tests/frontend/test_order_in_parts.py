"""A registry confirms a part of an order: the buyer sees its certificate at once, and later both."""

from dataclasses import replace
from datetime import timedelta

import pytest

from frontend.locales import Locale
from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order
from marketplace.quotes import service as quotes
from tests.builders.market import SmallMarket, a_listing, a_wish, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite


async def half_confirmed(small: SmallMarket, *, tonnes: int = 20) -> Order:
    """Two of four tonnes are cancelled; the registry is closed for the rest."""
    pending = [2]
    small.registry.change_notice = lambda notice: (
        replace(notice, serials=(SerialRange(1, pending.pop()),)) if pending else notice
    )
    small.registry.script = [None, *["closed"] * 8]
    order = await an_order(small, await a_listing(small, tonnes=tonnes), tonnes=4)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return order


async def numbers(order: Order) -> list[str]:
    return list((await certificates_of([await orders.find(order.id)]))[order.id])


def opened_from(page) -> list[str]:
    links = page.xpath("//p[@class='actions']/a/@href")
    return [link.removeprefix("/c/").partition("?")[0] for link in links if link.startswith("/c/")]


class TestTheOrdersPage:
    @pytest.mark.parametrize(("locale", "word"), [(Locale.JA, "一部は無効化済み"), (Locale.EN, "A part is cancelled")])
    async def test_says_that_a_part_is_cancelled_and_opens_its_certificate(
        self, shop: MarketSite, locale: Locale, word: str
    ) -> None:
        order = await half_confirmed(shop.small)
        answer = await shop.client.get(f"/{locale}/orders/{order.access_token}")
        page = check_frame(answer)
        assert page.xpath("string(//h1)").strip() == word
        assert "4" in page.xpath("string(//p[@class='lead'])") and "2" in page.xpath("string(//p[@class='lead'])")
        assert opened_from(page) == await numbers(order)

    async def test_opens_both_in_the_end(self, shop: MarketSite) -> None:
        order = await half_confirmed(shop.small)
        await shop.small.work_for(timedelta(minutes=3))
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        assert opened_from(page) == await numbers(order)
        assert len(opened_from(page)) == 2
        assert page.xpath("string(//h1)").strip() == "無効化済み"

    async def test_keeps_the_first_where_the_rest_is_paid_back(self, shop: MarketSite) -> None:
        order = await half_confirmed(shop.small, tonnes=6)
        shop.small.registry.script = ["rejected"]
        await shop.small.work_for(timedelta(minutes=3))
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        assert opened_from(page) == await numbers(order)
        assert len(opened_from(page)) == 1
        assert page.xpath("string(//h1)").strip() == "一部を無効化しました"
        assert not page.find_class("ahead")


class TestTheTimeLine:
    async def test_says_once_and_how_often_what_happened_to_credits_of_several_blocks(self, shop: MarketSite) -> None:
        listings = [await a_listing(shop.small), await a_listing(shop.small, provider="prov_b")]
        terms = shop.small.market.terms
        quote = await quotes.create(
            [quotes.WishedLine(listing.id, 1) for listing in listings],
            footprint_id=None,
            fee_basis_points=terms.fee_basis_points,
            holds_for=terms.quote_lasts,
            clock=shop.small.clock,
        )
        order = await orders.open_checkout(shop.small.market, (await orders.place(shop.small.market, a_wish(quote))).id)
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        steps = page.xpath("//*[@class='timeline']/li")
        told = [(step.xpath("string(p[@class='step'])"), step.xpath("string(p[@class='note'])")) for step in steps]
        assert ("登録簿に無効化を申請しました", "2件") in told
        assert ("登録簿が無効化を通知しました", "2件") in told
        assert len({label for label, _ in told}) == len(told)
