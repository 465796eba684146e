"""After the event: an order's page leads to what the actual figures, or a cancellation that fell short, leave open."""

from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.quotes.models import Quote
from tests.builders.market import a_listing, a_quote, a_wish, an_instruction
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.frontend.test_order_path import consent_of

TONNE = 1_000_000
# the conference in Sapporo comes to seven tonnes, rounded up
WHOLE, LESS = 7, 4
TEXTS = {"beneficiary": "足跡学会実行委員会", "beneficiary_public": "yes"}


async def certified(shop: MarketSite, *, tonnes: int, on_offer: int = 100) -> Order:
    """An order for the conference, fulfilled."""
    listing = await a_listing(shop.small, tonnes=on_offer)
    quote = await a_quote(shop.small, listing, tonnes=tonnes, footprint_id=await shop.a_footprint())
    order = await orders.open_checkout(shop.small.market, (await orders.place(shop.small.market, a_wish(quote))).id)
    await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
    await shop.small.work()
    return await orders.find(order.id)


async def asked(shop: MarketSite, order: Order, address: str, locale: str = "ja") -> httpx.Response:
    return await shop.client.post(f"/{locale}/orders/{order.access_token}/top-up", data={"footprint": address})


async def more_people(shop: MarketSite) -> str:
    """The footprint with the actual figures, which are larger."""
    return await shop.a_footprint(venue_energy=[{"electricity_kwh": "20000"}])


class TestTheOrdersPage:
    @pytest.mark.parametrize("locale", ["ja", "en"])
    async def test_offers_the_rest_of_its_own_footprint(self, shop: MarketSite, locale: str) -> None:
        order = await certified(shop, tonnes=LESS)
        page = check_frame(await shop.client.get(f"/{locale}/orders/{order.access_token}"))
        (onwards,) = page.xpath("//a[contains(@href, 'tops_up=')]/@href")
        answer = await shop.client.get(onwards)
        assert answer.headers["cache-control"] == "no-store"  # its address opens the order
        assert check_frame(answer).xpath("//input[@name='tonnes']/@value") == [str(WHOLE - LESS)]

    async def test_asks_only_for_the_actual_figures_where_all_is_covered(self, shop: MarketSite) -> None:
        order = await certified(shop, tonnes=WHOLE)
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        assert page.xpath("//a[contains(@href, 'tops_up=')]") == []
        assert page.xpath("//form[contains(@action, '/top-up')]//input[@name='footprint']")
        assert page.xpath("//a[contains(@href, 'compare=1')]")

    async def test_says_nothing_of_it_before_there_is_a_certificate(self, shop: MarketSite) -> None:
        quote = await a_quote(shop.small, await a_listing(shop.small), footprint_id=await shop.a_footprint())
        order = await orders.place(shop.small.market, a_wish(quote))
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        assert page.xpath("//form[contains(@action, '/top-up')]") == []
        assert (await asked(shop, order, quote.footprint_id or "")).status_code == 422

    async def test_keeps_an_address_that_leads_to_no_result_and_says_why(self, shop: MarketSite) -> None:
        order = await certified(shop, tonnes=WHOLE)
        answer = await asked(shop, order, "https://ashiato.example/ja/credits")
        assert answer.status_code == 422
        page = check_frame(answer)
        assert page.xpath("//input[@name='footprint']/@value") == ["https://ashiato.example/ja/credits"]
        assert "計算結果はありません" in page.xpath("string(//*[@id='f-footprint-error'])")

    async def test_refuses_figures_that_are_covered_already(self, shop: MarketSite) -> None:
        order = await certified(shop, tonnes=WHOLE)
        answer = await asked(shop, order, (await Quote.get()).footprint_id or "")
        assert "追加でオフセットする分はありません" in check_frame(answer).xpath("string(//*[@id='f-footprint-error'])")


class TestAddingWhatIsMissing:
    async def test_leads_from_the_address_of_a_comparison_to_a_second_order(self, shop: MarketSite) -> None:
        first = await certified(shop, tonnes=WHOLE)
        before, after = (await Quote.get()).footprint_id, await more_people(shop)
        found = await asked(shop, first, f"https://ashiato.example/ja/footprints/{before}/compare/{after}?x=1")
        assert urlsplit(found.headers["location"]).path == f"/ja/footprints/{after}/offset"
        choice = await shop.page(found.headers["location"])
        (missing,) = choice.xpath("//input[@name='tonnes']/@value")
        assert choice.xpath("string(//textarea)").strip() == an_instruction().reduction_effort
        held = await shop.press(choice)
        texts = await shop.page(held.headers["location"])
        look = check_frame(await shop.press(texts, "review", **TEXTS))
        assert "最初の注文と合わせて" in look.text_content()
        ordered = await shop.press(look, "order", consent=consent_of(look))
        assert ordered.status_code == 303
        second = await Quote.get(tops_up=first.id)
        assert (second.grams, second.footprint_id) == (int(missing) * TONNE, after)

    async def test_what_could_not_be_cancelled_of_the_first_is_open_again(self, shop: MarketSite) -> None:
        shop.small.registry.change_notice = lambda notice: replace(notice, serials=(SerialRange(1, LESS),))
        order = await certified(shop, tonnes=WHOLE, on_offer=WHOLE)
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        (onwards,) = page.xpath("//a[contains(@href, 'tops_up=')]/@href")
        choice = await shop.page(onwards)
        assert choice.xpath("//input[@name='tonnes']/@value") == [str(WHOLE - LESS)]
