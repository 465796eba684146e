"""An organisation with a balance: attendees join its event page by QR code on a phone, and a product of its own is covered and sold."""

import re
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page, expect

from marketplace.clock import japan_date
from tests.e2e.instance import Instance, eventually
from tests.e2e.signed_in import SignedInVisitor, sign_in_at

PHONE = {"width": 390, "height": 844}
OPERATED_BY_HAND = "sbx-listing-071"


@pytest.fixture(scope="module")
def organiser(instance: Instance) -> SignedInVisitor:
    """Has taken back an order that was paid, and kept the money as a balance."""
    visitor = sign_in_at(instance, "buyer", email="organiser@ashiato.example", provider="sandbox-f")
    quote = instance.post("/v1/quotes", {"listings": [{"listing_id": OPERATED_BY_HAND, "amount_g": 5_000_000}]})
    order = instance.post("/v1/orders", an_order_of(quote, instance))
    instance.pay(order)
    eventually(lambda: instance.happened(order, "at_the_desk"), what="the order is on the desk")
    assert visitor.post("/ja/account", action="claim_link", link=order["page_url"]).is_redirect
    order_page = urlsplit(order["page_url"]).path
    cancelled = visitor.post(f"{order_page}/cancel", refund_to="balance")
    assert cancelled.is_redirect, cancelled.text[:500]
    return visitor


def an_order_of(quote: Any, instance: Instance) -> dict[str, Any]:
    return {
        "quote_id": quote["id"],
        "consent_version": instance.client.get("/v1/consent").json()["version"],
        "instruction": {
            "type": "event",
            "subject": "取り消す注文",
            "period_first": "2026-11-01",
            "period_last": "2026-11-01",
            "beneficiary": "足跡学会",
            "beneficiary_public": True,
            "purpose_detail": "取り消す注文",
            "credit_user": "足跡学会",
            "reduction_effort": "資料を電子配布に変えた",
        },
    }


def a_page(browser: Any, viewport: Any, cookies: Any = ()) -> Page:
    context = browser.new_context(viewport=viewport, locale="ja")
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def test_from_the_organisers_form_to_the_organisers_sum(
    instance: Instance, organiser: SignedInVisitor, browser: Any, tmp_path: Any
) -> None:
    desk = a_page(browser, {"width": 1280, "height": 900}, organiser.cookies)
    desk.goto(f"{instance.address}/ja/account/events")
    desk.fill("#f-name", "第1回 足跡学会")
    desk.fill("#f-venue", "札幌市")
    desk.fill("#f-first_day", "2026-12-01")
    desk.fill("#f-last_day", "2026-12-02")
    desk.fill("#f-reduction_effort", "資料を電子配布に変えた")
    desk.check("#f-payer-organiser")
    desk.fill("#f-cap_yen", "10000")
    desk.click("form[action$='/account/events'] button")
    expect(desk.locator("h1")).to_have_text("第1回 足跡学会")
    desk.locator(".app-code").screenshot(path=tmp_path / "code.png")
    (code,) = zxingcpp.read_barcodes(Image.open(tmp_path / "code.png"))
    assert re.fullmatch(re.escape(instance.address) + r"/e/[2-9a-z]{8}", code.text)

    phone = a_page(browser, PHONE)
    phone.goto(code.text)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.select_option("#f-mode", "air_domestic")
    phone.fill("#f-origin", "東京")
    phone.click("main form .button")
    expect(phone.locator("h1")).to_have_text("移動に伴う排出量")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.fill("#f-public_name", "足跡 花子")
    phone.check("#f-consent")
    phone.click("main form button.button")
    expect(phone.locator("h1")).to_have_text("無効化済み・証明書発行済み", timeout=60_000)
    phone.click("a[href^='/c/']")
    expect(phone.locator("main")).to_contain_text("足跡 花子")

    desk.reload()
    figures = desk.locator("dl.facts dd").all_text_contents()
    assert [figure.strip() for figure in figures[:2]] == ["1", "1"]
    expect(desk.locator("main")).not_to_contain_text("足跡 花子")
    for page in (desk, phone):
        page.context.close()


def test_a_double_click_on_the_balance_page_leads_to_one_payment_page(
    instance: Instance, organiser: SignedInVisitor, browser: Any
) -> None:
    payer = a_page(browser, PHONE, organiser.cookies)
    payer.goto(f"{instance.address}/ja/account/balance")
    payer.fill("#f-yen", "5000")
    payer.dblclick("form:has(#f-yen) button")
    payer.wait_for_url("**/c/pay/cs_test_*")
    paid_at = payer.url
    payer.goto(f"{instance.address}/ja/account/balance")
    (waiting,) = payer.locator("table.ledger td a").all()
    assert waiting.get_attribute("href") == paid_at
    payer.context.close()


def test_a_maker_covers_a_product_and_its_badge_turns_when_more_is_sold(
    instance: Instance, organiser: SignedInVisitor, browser: Any
) -> None:
    """The same organisation makes something, too: with money on its balance it covers ten units, and then sells twelve."""
    today = japan_date(datetime.now(UTC))
    maker = a_page(browser, {"width": 1280, "height": 900}, organiser.cookies)
    maker.goto(f"{instance.address}/ja/account/products")
    maker.fill("#f-name", "足跡ノート")
    maker.fill("#f-functional_unit", "1冊")
    maker.fill("#f-g_per_unit", "1000")
    maker.fill("#f-covered_g_per_unit", "1000")
    maker.fill("#f-reduction_effort", "再生紙に変えた")
    maker.fill("#f-first_day", f"{today.year}-01-01")
    maker.fill("#f-last_day", f"{today.year}-12-31")
    maker.click("form[action$='/account/products'] button")
    expect(maker.locator("h1")).to_contain_text("足跡ノート")
    product = maker.url
    maker.goto(f"{product}/cover")
    maker.fill("#f-units", "10")
    maker.click("button[value=quote]")
    maker.check("#f-consent")
    maker.click("button[value=balance]")

    def badge() -> str:
        return instance.client.get(f"/v1/products/{product.rpartition('/')[2]}/badge.svg?v={time.monotonic_ns()}").text

    def covered() -> bool:
        maker.goto(product)
        return maker.locator("a[href^='/c/']").count() > 0

    eventually(covered, what="the cover is certified")
    before = badge()
    sales = f"external_id,units,at\n1,12,{today.isoformat()}T00:00:00+09:00\n"
    maker.goto(f"{product}/sales")
    maker.set_input_files("#f-file", {"name": "sales.csv", "mimeType": "text/csv", "buffer": sales.encode()})
    maker.click("form[enctype] button")
    maker.click("form:has(input[name=checked]) button")
    eventually(lambda: badge() != before, what="the badge turns")
    maker.context.close()
