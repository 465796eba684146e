"""An operator takes an order from the desk's queue to its certificate; a notice that is wrong by one serial is refused first."""

import re
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import Instance, eventually
from tests.e2e.signed_in import sign_in_at

BY_HAND = "sbx-listing-071"
SUBJECT = "窓口の見学会"


@pytest.fixture(scope="module")
def order(instance: Instance) -> Any:
    quote = instance.post("/v1/quotes", {"listings": [{"listing_id": BY_HAND, "amount_g": 2_000_000}]})
    placed = instance.post(
        "/v1/orders",
        {
            "quote_id": quote["id"],
            "consent_version": instance.client.get("/v1/consent").json()["version"],
            "instruction": {
                "type": "event",
                "subject": SUBJECT,
                "period_first": "2026-11-01",
                "period_last": "2026-11-01",
                "beneficiary": "髙﨑商事 株式会社",
                "beneficiary_public": True,
                "purpose_detail": f"{SUBJECT}2026に伴う排出",
                "credit_user": "髙﨑商事 株式会社",
                "reduction_effort": "資料を電子配布に変えた",
            },
        },
    )
    instance.pay(placed)
    eventually(lambda: instance.happened(placed, "at_the_desk"), what="the order is on the desk")
    return placed


@pytest.fixture(scope="module")
def page(instance: Instance, browser) -> Page:
    operator = sign_in_at(instance, "operator", email="desk@ashiato.example")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ja")
    context.add_cookies(operator.cookies)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


def read_notice(page: Page, tmp_path) -> tuple[str, dict[str, str], list[str]]:
    """What a person reads off the practice notice: its file, number and date, first and last serial."""
    with page.expect_download() as download:
        page.click("a[href$='practice-notice.pdf']")
    file = tmp_path / "notice.pdf"
    download.value.save_as(file)
    text = pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range()
    number, day = re.search(r"SBX-DESK-\w+", text), re.search(r"20\d\d-\d\d-\d\d", text)
    assert number and day, text
    return str(file), {"number": number.group(), "recorded_on": day.group()}, re.findall(r"SBX-JC-FM-\d{9}", text)


def test_from_the_queue_to_the_certificate(instance: Instance, order: Any, page: Page, tmp_path) -> None:
    page.goto(f"{instance.address}/ja/desk")
    page.locator("tr", has_text=SUBJECT).locator("button[name='batch']").click()
    page.click("button[value='take']")
    page.check("#f-read_aloud")
    page.click("button[value='record_act']")

    file, facts, (first, last) = read_notice(page, tmp_path)
    one_further = f"{last[:-9]}{int(last[-9:]) + 1:09d}"
    page.set_input_files("#f-document", file)
    for name, value in facts.items():
        page.fill(f"#f-{name}", value)
    page.fill("#f-tonnes", "2")
    page.fill("#f-serials", f"{first}、{one_further}")
    for name in ("act", "use", "purpose_detail", "credit_user"):
        page.check(f"#f-same-{name}")
    page.click("button[value='enter_notice']")
    expect(page.locator("#differences")).to_contain_text(last)
    expect(page.locator("#differences")).to_contain_text(one_further)
    expect(page.locator("#f-number")).to_have_value(facts["number"])
    assert instance.see(order)["state"] == "retiring"

    page.fill("#f-serials", f"{first}〜{last}")
    page.click("button[value='enter_notice']")
    expect(page.locator("h1")).to_have_text("無効化済み")
    done = eventually(lambda: (seen := instance.see(order))["state"] == "fulfilled" and seen, what="fulfilled")
    page.goto(f"{instance.address}/c/{done['certificate']['number']}?lang=ja")
    for wanted in (facts["number"], first, last, SUBJECT):
        expect(page.locator("main")).to_contain_text(wanted)
