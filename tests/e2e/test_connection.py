"""What an open page makes of its connection: news of an order as they happen, and the truth where there is none."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.instance import Instance
from tests.frontend.test_accessibility import PHONE, is_too_wide, violations

STRIP = "#offline p"
CERTIFICATE = "main a.button[href^='/c/TEST-']"
PATIENCE_MS = 30_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="ja", reduced_motion="reduce")  # type: ignore[arg-type]  # playwright wants its own types
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()


class TestAnOrderOnScreen:
    def test_moves_by_the_stream_of_news_without_being_loaded_anew(self, page: Page, instance: Instance) -> None:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        order = instance.order()
        page.goto(order["page_url"])
        page.evaluate("window.stayed = true")
        certificate = page.locator(CERTIFICATE)
        expect(certificate).to_have_count(0)
        instance.pay(order)
        expect(certificate).to_be_visible(timeout=PATIENCE_MS)
        assert page.evaluate("window.stayed")
        assert any("/news?" in url for url in asked)
        assert not any("/status" in url for url in asked), "nobody had to ask"

    def test_says_since_when_it_is_cut_off_and_catches_up(self, page: Page, instance: Instance) -> None:
        order = instance.order()
        page.goto(order["page_url"])
        expect(page.locator(STRIP)).to_be_empty()
        page.context.set_offline(True)
        expect(page.locator(STRIP)).to_contain_text("接続がありません")
        expect(page.locator(STRIP)).to_contain_text("注文は進みます")
        assert violations(page, "#offline") == []
        assert not is_too_wide(page)
        instance.pay(order)
        page.context.set_offline(False)
        expect(page.locator(STRIP)).to_be_empty()
        expect(page.locator(CERTIFICATE)).to_be_visible(timeout=PATIENCE_MS)


class TestAFormWithoutAConnection:
    def test_to_check_a_certificate_is_not_sent_and_keeps_what_was_typed(self, page: Page, instance: Instance) -> None:
        page.goto(f"{instance.address}/en/verify")
        page.context.set_offline(True)
        expect(page.locator(STRIP)).to_contain_text("does not count as checked")
        page.fill("[name=number]", "TEST-0000")
        page.locator("[name=number]").press("Enter")
        expect(page.locator(STRIP)).to_contain_text("Not sent")
        expect(page.locator("[name=number]")).to_have_value("TEST-0000")
        page.context.set_offline(False)
        expect(page.locator(STRIP)).to_be_empty()
        with page.expect_navigation():
            page.locator("[name=number]").press("Enter")

    def test_of_a_calculator_is_not_sent_and_says_where_things_are(self, page: Page, instance: Instance) -> None:
        page.goto(f"{instance.address}/en/calculate/household")
        page.fill("[name='subject/name']", "Home")
        page.context.set_offline(True)
        expect(page.locator(STRIP)).to_contain_text("stays in this tab")
        page.click("main button.button[value=calculate]")
        expect(page.locator(STRIP)).to_contain_text("Not sent")
        expect(page.locator("[name='subject/name']")).to_have_value("Home")
