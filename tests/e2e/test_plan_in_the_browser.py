"""A household subscribes on a phone with a test card, sees its first certificate, changes the kWh and ends the plan."""

import re

import pytest
from playwright.sync_api import Page, expect

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def phone(browser, instance):
    context = browser.new_context(viewport=PHONE, locale="ja")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{instance.address}/ja/plans")
    yield page
    context.close()


def press(page: Page, action: str) -> None:
    page.locator(f"main button[value='{action}']").first.click()


def test_a_household_begins_a_plan_follows_it_changes_it_and_ends_it(phone):
    phone.locator("[name='menu']").select_option("A0002.all")
    phone.locator("[name='kwh']").fill("300")
    press(phone, "calculate")
    expect(phone.locator("#estimate")).to_contain_text("126.600")
    phone.locator("[name='reduction_effort']").fill("使わない部屋の照明を消している")
    phone.locator("[name='email']").fill("home@ashiato.example")
    press(phone, "review")
    expect(phone.locator("main")).to_contain_text("定期のお申し込み")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.locator("[name='consent']").check()
    press(phone, "begin")

    phone.locator("[name='number']").fill("4242 4242 4242 4242")
    phone.locator("[name='email']").fill("home@ashiato.example")
    phone.locator("form button").first.click()
    expect(phone).to_have_url(re.compile(r"/ja/plans/"))
    certificate = phone.locator("main a[href*='/c/TEST-']").first
    for _ in range(20):
        if certificate.count():
            break
        phone.wait_for_timeout(500)
        phone.goto(phone.url.partition("?")[0])
    expect(phone.locator("h1")).to_have_text("継続中")
    plan = phone.url
    certificate.click()
    expect(phone.locator("data.certified-g")).to_have_attribute("value", "126600")

    phone.goto(plan)
    phone.locator("summary", has_text="使用量").first.click()
    phone.locator("[name='kwh']").fill("400")
    press(phone, "change")
    expect(phone.locator("main")).to_contain_text("168.800")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    phone.locator("a[href$='/end']").click()
    expect(phone.locator("main")).to_contain_text("これ以上の請求はなく")
    phone.locator("main form button").click()
    expect(phone.locator("h1")).to_have_text("終了")
    expect(phone.locator("main a[href*='/c/TEST-']").first).to_be_visible()
