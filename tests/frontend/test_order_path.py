"""From a footprint to a certificate through the pages, without JavaScript, with everything that can go wrong on the way."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from lxml import html

from frontend.locales import Locale
from marketplace.orders import settlement
from marketplace.orders.models import Order
from marketplace.orders.service import CHECKOUT_LASTS
from marketplace.quotes.models import Quote
from tests.builders.desk import with_limits
from tests.builders.market import a_listing
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite

EFFORT = "資料を電子配付に変えた"
TEXTS = {"beneficiary": "足跡学会実行委員会", "beneficiary_public": "yes"}


def text_of(answer: httpx.Response) -> str:
    return html.fromstring(answer.content).text_content()


def summary(answer: httpx.Response) -> str:
    return html.fromstring(answer.content).get_element_by_id("problems").text_content()


async def to_the_texts(shop: MarketSite, language: str = "ja", **typed: str) -> html.HtmlElement:
    """Choose credits and arrive where the texts are filled in."""
    footprint_id = await shop.a_footprint()
    choice = await shop.page(f"/{language}/footprints/{footprint_id}/offset")
    answer = await shop.press(choice, **{"reduction_effort": EFFORT, **typed})
    assert answer.status_code == 303, summary(answer)
    return await shop.page(answer.headers["location"])


async def to_the_last_look(shop: MarketSite, **texts: str) -> html.HtmlElement:
    answer = await shop.press(await to_the_texts(shop), "review", **{**TEXTS, **texts})
    assert answer.status_code == 200, summary(answer)
    return html.fromstring(answer.content)


async def ordered(shop: MarketSite, **texts: str) -> Order:
    look = await to_the_last_look(shop, **texts)
    answer = await shop.press(look, "order", consent=consent_of(look))
    assert answer.status_code == 303
    return await Order.get()


def consent_of(look: html.HtmlElement) -> str:
    (box,) = look.xpath("//input[@name='consent']")
    return box.get("value")


class TestChoosing:
    async def test_the_whole_footprint_in_tonnes_is_offered_first(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        page = await shop.page(f"/ja/footprints/{await shop.a_footprint()}/offset")
        assert page.xpath("//input[@name='tonnes']/@value") == ["7"]
        assert len(page.xpath("//input[@name='listing'][@checked]")) == 1

    async def test_only_offers_that_can_serve_it_whole_are_suggested(self, shop: MarketSite) -> None:
        await a_listing(shop.small, tonnes=6, yen_per_tonne=1_000)
        dear = await a_listing(shop.small, tonnes=7, yen_per_tonne=9_000, provider="prov_b")
        page = await shop.page(f"/ja/footprints/{await shop.a_footprint()}/offset")
        assert page.xpath("//input[@name='listing']/@value") == [dear.id]

    async def test_an_empty_market_says_so(self, shop: MarketSite) -> None:
        page = await shop.page(f"/ja/footprints/{await shop.a_footprint()}/offset")
        assert page.find_class("empty")

    async def test_full_width_digits_are_understood_and_a_part_is_fine(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        await to_the_texts(shop, tonnes="３")
        assert (await Quote.get()).tonnes == 3

    @pytest.mark.parametrize(
        ("typed", "part"),
        [
            ({"tonnes": "0"}, "1以上"),
            ({"tonnes": "-2"}, "0以上"),
            ({"tonnes": "2.5"}, "整数"),
            ({"tonnes": "たくさん"}, "数字"),
            ({"tonnes": "9999999999"}, "1,000,000以下"),
            ({"tonnes": "500"}, "残りは 100 t"),
            ({"reduction_effort": "  "}, "入力してください"),
            ({"reduction_effort": "あ" * 501}, "500文字以内"),
            ({"listing": "lst_nothing"}, "見つかりません"),
            ({"listing": None}, "見つかりません"),
        ],
    )
    async def test_refusals_name_the_field_and_keep_what_was_typed(
        self, shop: MarketSite, typed: dict[str, str], part: str
    ) -> None:
        await a_listing(shop.small)
        choice = await shop.page(f"/ja/footprints/{await shop.a_footprint()}/offset")
        answer = await shop.press(choice, **{"reduction_effort": EFFORT, **typed})
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        assert part in summary(answer)
        for name in ("tonnes", "reduction_effort"):
            if name in typed:
                (field,) = page.xpath(f"//*[@name='{name}']")
                assert (field.get("value") or field.text.lstrip("\n")) == typed[name]
        assert not await Quote.exists()

    async def test_below_the_minimum_of_a_listing(self, shop: MarketSite) -> None:
        listing = await a_listing(shop.small, minimum_tonnes=10)
        footprint_id = await shop.a_footprint()
        choice = await shop.page(f"/ja/footprints/{footprint_id}/offset?listing={listing.id}")
        answer = await shop.press(choice, reduction_effort=EFFORT, tonnes="7")
        assert "10 t からの販売" in summary(answer)

    async def test_an_unknown_footprint_is_not_found(self, shop: MarketSite) -> None:
        await shop.page("/ja/footprints/fpr_nothing/offset", status=404)


class TestTheTexts:
    async def test_what_is_known_is_prefilled(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        page = await to_the_texts(shop)
        value = {field.get("name"): field.get("value") for field in page.xpath("//main//input[@type='text']")}
        assert value["subject"] == "札幌学術会議（2日間）"
        assert (value["period_first"], value["period_last"]) == ("2026-12-12", "2026-12-13")
        assert page.xpath("string(//textarea[@name='reduction_effort'])").strip() == EFFORT

    async def test_everything_missing_is_named_at_once_and_nothing_lost(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        answer = await shop.press(await to_the_texts(shop), "review", subject="", purpose_detail="私の目的")
        page = html.fromstring(answer.content)
        assert answer.status_code == 422
        links = page.xpath("//*[@id='problems']//a/@href")
        assert links == ["#f-subject", "#f-beneficiary", "#f-beneficiary_public"]
        assert page.xpath("//input[@name='purpose_detail']/@value") == ["私の目的"]

    @pytest.mark.parametrize(
        ("typed", "part"),
        [
            ({"period_last": "2026-12-01"}, "始まりの日"),
            ({"period_first": "きのう"}, "2026-12-12 のように"),
            ({"beneficiary": "あ" * 201}, "200文字以内"),
            ({"credit_user": "あ" * 201}, "200文字以内"),
            ({"subject": "\x07"}, "制御文字"),
            ({"reduction_effort": ""}, "入力してください"),
            ({"beneficiary_public": "maybe"}, "どちらか"),
        ],
    )
    async def test_refusals(self, shop: MarketSite, typed: dict[str, str], part: str) -> None:
        await a_listing(shop.small)
        answer = await shop.press(await to_the_texts(shop), "review", **{**TEXTS, **typed})
        assert answer.status_code == 422
        assert part in summary(answer)

    async def test_what_the_registrys_form_cannot_take_is_refused_at_its_field(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        shop.services.market = with_limits(shop.small, purpose_detail=8)
        answer = await shop.press(await to_the_texts(shop), "review", **TEXTS, purpose_detail="九文字ある目的の例")
        page = html.fromstring(answer.content)
        assert (answer.status_code, page.xpath("//*[@id='problems']//a/@href")) == (422, ["#f-purpose_detail"])
        assert "8文字まで" in summary(answer)
        assert page.xpath("//input[@name='purpose_detail']/@value") == ["九文字ある目的の例"]


class TestTheLastLook:
    async def test_it_shows_price_words_and_terms_as_the_law_asks(self, shop: MarketSite) -> None:
        await a_listing(shop.small, yen_per_tonne=4_000)
        look = await to_the_last_look(shop)
        quote = await Quote.get()
        text = look.text_content()
        for wanted in (
            f"{quote.total_yen:,}",
            "7 t",
            "クレジットカード",
            "提供の時期",
            "取消しも返品もできません",
            "無料で取りやめ",
            "札幌学術会議（2日間）のカーボン・オフセット",
            "2026年11月22日 12:30",
        ):
            assert wanted in text

    async def test_the_credit_user_follows_the_beneficiary(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        assert "クレジット利用者名「足跡学会実行委員会」" in look.text_content()

    async def test_without_the_tick_nothing_is_ordered(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        answer = await shop.press(await to_the_last_look(shop), "order")
        assert answer.status_code == 422
        assert "同意" in summary(answer)
        assert not await Order.exists()

    async def test_an_outdated_consent_is_asked_for_again(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        answer = await shop.press(await to_the_last_look(shop), "order", consent="2020-01-01")
        assert answer.status_code == 422
        assert not await Order.exists()

    async def test_going_back_keeps_the_words(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        answer = await shop.press(await to_the_last_look(shop), "edit")
        page = html.fromstring(answer.content)
        assert page.xpath("//input[@name='beneficiary']/@value") == [TEXTS["beneficiary"]]
        assert page.xpath("//input[@name='beneficiary_public'][@checked]/@value") == ["yes"]

    async def test_hostile_words_stay_text(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop, subject='"><script>alert(1)</script>')
        assert look.xpath("//main//script") == []
        assert '"><script>' in look.text_content()


class TestAStaleQuote:
    async def test_it_can_be_held_again_with_everything_typed(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        shop.small.clock.advance(timedelta(minutes=31))
        answer = await shop.press(look, "order", consent=consent_of(look))
        assert answer.status_code == 409
        stale = html.fromstring(answer.content)
        renewed = await shop.press(stale, "renew")
        page = html.fromstring(renewed.content)
        assert page.xpath("//input[@name='beneficiary']/@value") == [TEXTS["beneficiary"]]
        assert page.xpath("string(//textarea[@name='reduction_effort'])").strip() == EFFORT
        again = await shop.press(page, "review")
        assert again.status_code == 200
        assert await Quote.all().count() == 2

    async def test_units_that_are_gone_by_then_are_said_to_be_gone(self, shop: MarketSite) -> None:
        listing = await a_listing(shop.small)
        page = await to_the_texts(shop)
        shop.small.clock.advance(timedelta(minutes=31))
        stale = html.fromstring((await shop.press(page, "review", **TEXTS)).content)
        listing.open = False
        await listing.save()
        answer = await shop.press(stale, "renew")
        assert answer.status_code == 409
        assert "販売は終わりました" in text_of(answer)

    async def test_a_used_quote_makes_no_second_order(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        await shop.press(look, "order", consent=consent_of(look))
        answer = await shop.press(look, "order", consent=consent_of(look), key="another form's")
        assert answer.status_code == 409
        assert "すでに注文" in text_of(answer)
        assert await Order.all().count() == 1

    async def test_an_unknown_quote_is_not_found(self, shop: MarketSite) -> None:
        await shop.page("/ja/quotes/quo_nothing", status=404)


class TestOrdering:
    async def test_it_leads_to_the_payment_page(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        answer = await shop.press(look, "order", consent=consent_of(look))
        assert (answer.status_code, answer.headers["location"]) == (303, "https://pay.example/cs_1")

    async def test_a_double_click_leads_to_the_same_payment_page_and_a_link_to_the_quote_does_not(
        self, shop: MarketSite
    ) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        answers = await asyncio.gather(*(shop.press(look, "order", consent=consent_of(look)) for _ in range(4)))
        order = await Order.get()
        assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, order.checkout_url)] * 4
        stranger = await shop.press(look, "order", consent=consent_of(look), key="")
        assert (stranger.status_code, order.access_token in stranger.text) == (409, False)
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        late = await shop.press(look, "order", consent=consent_of(look))
        assert late.headers["location"] == f"/ja/orders/{order.access_token}"

    async def test_with_the_provider_down_the_order_page_says_so_and_the_worker_opens_payment(
        self, shop: MarketSite
    ) -> None:
        await a_listing(shop.small)
        shop.small.payments.unreachable = 1
        look = await to_the_last_look(shop)
        answer = await shop.press(look, "order", consent=consent_of(look))
        address = answer.headers["location"]
        assert "支払いページを準備しています" in (await shop.page(address)).text_content()
        await shop.small.work()
        page = await shop.page(address)
        assert page.xpath("//a[@class='button']/@href") == ["https://pay.example/cs_1"]

    async def test_a_refused_payment_is_said_to_last_gives_the_units_back_and_keeps_the_words(
        self, shop: MarketSite
    ) -> None:
        await a_listing(shop.small, tonnes=7)
        shop.small.payments.refusal = "amount_too_large"
        look = await to_the_last_look(shop)
        answer = await shop.press(look, "order", consent=consent_of(look))
        refused = check_frame(answer)
        assert answer.status_code == 422
        assert "時間をおいても変わりません" in refused.text_content()
        order = await Order.get()
        page = check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        assert (order.state, page.xpath("string(//h1)").strip()) == ("expired", "支払い不可")
        (other,) = refused.xpath("//a[@class='button']/@href")
        assert "tonnes=7" in other
        again = await shop.press(look, "order", consent=consent_of(look))
        assert (again.status_code, "時間をおいても変わりません" in text_of(again)) == (409, True)
        # all seven tonnes that there are
        renewed = check_frame(await shop.press(refused, "renew"))
        assert renewed.xpath("//input[@name='beneficiary']/@value") == [TEXTS["beneficiary"]]


class TestProgress:
    async def address(self, shop: MarketSite, order: Order, language: str = "ja") -> str:
        return f"/{language}/orders/{order.access_token}"

    async def test_nothing_is_called_cancelled_before_the_registry_has_said_so(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        order = await ordered(shop)
        address = await self.address(shop, order)
        seen = [await self.word(shop, address), await self.word(shop, f"{address}?paid=1")]
        event = shop.small.payments.pay(order.checkout_session or "")
        await shop.small.deliver(event)
        seen.append(await self.word(shop, address))
        shop.small.registry.script = ["closed"]
        await shop.small.work()
        seen.append(await self.word(shop, address))
        await shop.small.work_for(timedelta(minutes=2))
        seen.append(await self.word(shop, address))
        assert seen[0] == "支払い待ち"
        assert seen[1] == "支払いの確認中"
        assert seen[3] == "登録簿の処理待ち"
        assert "無効化済み" not in seen[:-1]
        assert seen[-1] == "無効化済み"

    async def word(self, shop: MarketSite, address: str) -> str:
        return (await shop.page(address)).xpath("string(//h1)").strip()

    async def test_the_status_changes_when_the_page_would(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        order = await ordered(shop)
        address = await self.address(shop, order)
        before = (await shop.client.get(f"{address}/status")).json()
        page = await shop.page(address)
        assert page.get_element_by_id("progress").get("data-version") == before["version"]
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        after = (await shop.client.get(f"{address}/status")).json()
        assert before["version"] != after["version"]
        assert (before["under_way"], after["under_way"]) == (True, False)

    async def test_while_under_way_a_browser_without_scripts_looks_again(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        order = await ordered(shop)
        assert b'http-equiv="refresh"' in (await shop.client.get(await self.address(shop, order))).content
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        assert b'http-equiv="refresh"' not in (await shop.client.get(await self.address(shop, order))).content

    async def test_an_expired_order_offers_the_way_back(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        order = await ordered(shop)
        shop.small.clock.advance(CHECKOUT_LASTS + timedelta(minutes=1))
        await settlement.enqueue_overdue(shop.small.market)
        await shop.small.work()
        page = await shop.page(await self.address(shop, order))
        assert page.xpath("string(//h1)").strip() == "期限切れ"
        assert "料金はかかっていません" in page.text_content()
        (again,) = page.xpath("//a[@class='button']/@href")
        assert "tonnes=7" in again

    async def test_nobody_learns_the_address_from_us(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        answer = await shop.client.get(await self.address(shop, await ordered(shop)))
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.text

    async def test_a_wrong_token_is_not_found(self, shop: MarketSite) -> None:
        for address in ("/ja/orders/guess", "/ja/orders/guess/status"):
            assert (await shop.client.get(address)).status_code == 404


class TestTheFrame:
    async def test_every_page_of_the_way_is_sound_html(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        footprint_id = await shop.a_footprint()
        choice = await shop.client.get(f"/ja/footprints/{footprint_id}/offset")
        refused = await shop.press(check_frame(choice))
        held = await shop.press(check_frame(refused), reduction_effort=EFFORT)
        texts = await shop.client.get(held.headers["location"])
        again = await shop.press(check_frame(texts), "review")
        look = await shop.press(check_frame(again), "review", **TEXTS)
        unticked = await shop.press(check_frame(look), "order")
        page = check_frame(unticked)
        await shop.press(page, "order", consent=consent_of(page))
        order = await Order.get()
        check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        check_frame(await shop.press(page, "order", consent=consent_of(page), key=""))
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        check_frame(await shop.client.get(f"/ja/orders/{order.access_token}"))
        check_frame(await shop.client.get(f"/c/{(await Order.get()).certificate_number}?lang=ja"))


class TestTheCertificate:
    async def number(self, shop: MarketSite, **texts: str) -> str:
        await a_listing(shop.small)
        order = await ordered(shop, **texts)
        await shop.small.deliver(shop.small.payments.pay(order.checkout_session or ""))
        await shop.small.work()
        return (await Order.get()).certificate_number or ""

    @pytest.mark.parametrize("locale", list(Locale))
    async def test_the_page_says_what_the_statement_says(self, shop: MarketSite, locale: Locale) -> None:
        number = await self.number(shop)
        text = (await shop.page(f"/c/{number}?lang={locale}")).text_content()
        for wanted in (number, "7", "7,000.000", "6,068.701", "足跡学会実行委員会", EFFORT, "札幌学術会議（2日間）"):
            assert wanted in text

    async def test_the_verdict_comes_first(self, shop: MarketSite) -> None:
        page = await shop.page(f"/c/{await self.number(shop)}?lang=ja")
        assert page.xpath("string(//h1)").strip() == "テスト証明書です"

    async def test_hidden_names_are_nowhere_on_it(self, shop: MarketSite) -> None:
        number = await self.number(shop, beneficiary="秘密の人", credit_user="別の名", beneficiary_public="no")
        answer = await shop.client.get(f"/c/{number}?lang=ja")
        assert answer.status_code == 200
        assert "秘密の人" not in answer.text
        assert "別の名" not in answer.text

    async def test_the_browser_chooses_the_language_and_the_visitor_may_change_it(self, shop: MarketSite) -> None:
        number = await self.number(shop)
        english = await shop.client.get(f"/c/{number}", headers={"Accept-Language": "en"})
        assert html.fromstring(english.content).get("lang") == "en"
        switch = html.fromstring(english.content).xpath("//*[@class='languages']/a/@href")
        assert switch == [f"/c/{number}?lang=ja", f"/c/{number}?lang=en"]

    async def test_another_spelling_leads_to_the_printed_number(self, shop: MarketSite) -> None:
        number = await self.number(shop)
        answer = await shop.client.get(f"/c/{number.lower().replace('-', '')}?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (302, f"/c/{number}?lang=en")

    async def test_a_known_page_is_not_sent_again(self, shop: MarketSite) -> None:
        number = await self.number(shop)
        first = await shop.client.get(f"/c/{number}?lang=ja")
        again = await shop.client.get(f"/c/{number}?lang=ja", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")

    @pytest.mark.parametrize("number", ["TEST-AAAA-AAAA-AAAA-AAAA", "nothing", "%00", "TEST-"])
    async def test_an_unknown_number_is_not_found(self, shop: MarketSite, number: str) -> None:
        assert (await shop.client.get(f"/c/{number}?lang=ja")).status_code == 404

    @pytest.mark.parametrize(("form", "end"), [("pdf", "pdf?lang=ja"), ("jwt", "jwt"), ("svg", "svg")])
    async def test_short_addresses_of_the_other_forms(self, shop: MarketSite, form: str, end: str) -> None:
        answer = await shop.client.get(f"/c/TEST-1.{form}?lang=ja")
        assert answer.headers["location"] == f"/v1/certificates/TEST-1.{end}"
        assert (await shop.client.get("/c/TEST-1.exe")).status_code == 404
