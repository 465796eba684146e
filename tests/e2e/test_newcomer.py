"""A newcomer with an event of its own: how many clicks it takes to a certificate, and that no mouse is needed at all."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.instance import Instance
from tests.frontend.test_accessibility import DESK, PHONE

MOST_CLICKS = 12
LONGEST_SECONDS = 180
MOST_TABS = 400
EVENT = {
    "subject/name": "秋の研究会",
    "subject/place": "札幌市",
    "period/start": "2026-11-28",
    "period/end": "2026-11-28",
    "venue_energy/0/electricity_kwh": "640",
}
EFFORT = "資料を電子配布に変えた"
BENEFICIARY = "秋の研究会 実行委員会"
CARD = {"email": "buyer@example.com", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=request.param, locale="ja", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


class Clicks:
    """Counts every press of the pointer; typing goes from field to field with the keyboard."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.count = 0

    def on(self, target: str | Locator) -> None:
        self.count += 1
        (self._page.locator(target).first if isinstance(target, str) else target).click()

    def type(self, **typed: str) -> None:
        for name, value in typed.items():
            self._page.locator(f"[name='{name}']").first.fill(value)


class Keys:
    """Somebody without a pointer: Tab to where something is, then type, Space or Enter."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, selector: str) -> None:
        for _ in range(MOST_TABS):
            self._page.keyboard.press("Tab")
            if self._page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"Tab does not reach {selector} on {self._page.url}")

    def follow(self, selector: str, leads_to: str) -> None:
        self.to(selector)
        self._page.keyboard.press("Enter")
        self._page.wait_for_url(re.compile(leads_to))

    def choose(self, selector: str) -> None:
        self.to(selector)
        self._page.keyboard.press("Space")

    def type(self, name: str, value: str) -> None:
        self.to(f"[name='{name}']")
        self._page.keyboard.type(value)


def test_reaches_a_certificate_within_twelve_clicks_and_three_minutes(page: Page, instance: Instance) -> None:
    page.goto(f"{instance.address}/ja/")
    begun, clicks = time.monotonic(), Clicks(page)
    clicks.on("main a[href='/ja/calculate/event']")
    clicks.type(**EVENT)
    clicks.on("main button.button[value=calculate]")
    page.wait_for_url("**/footprints/*")
    clicks.on("main a[href$='/offset']")
    clicks.type(reduction_effort=EFFORT)
    clicks.on("main form button.button")
    page.wait_for_url("**/quotes/*")
    clicks.type(beneficiary=BENEFICIARY)
    clicks.on("[name=beneficiary_public][value=yes]")
    clicks.on("main button[value=review]")
    clicks.on("[name=consent]")
    clicks.on("main button[value=order]")
    expect(page.locator("[name=number]")).to_be_visible()
    clicks.type(**CARD)
    clicks.on("form button")
    clicks.on(page.locator("main a.button[href^='/c/TEST-']"))
    expect(page.locator("data.certified-g")).to_be_visible()
    assert clicks.count <= MOST_CLICKS
    assert time.monotonic() - begun < LONGEST_SECONDS


def test_reaches_a_certificate_by_keyboard_alone(browser: Browser, instance: Instance) -> None:
    context = browser.new_context(viewport=DESK, locale="en")
    page = context.new_page()
    keys = Keys(page)
    page.goto(f"{instance.address}/en/")
    keys.follow("main a[href='/en/calculate/event']", "/calculate/event")
    for name, value in EVENT.items():
        keys.type(name, value)
    keys.follow("main button.button[value=calculate]", "/footprints/fpr_")
    keys.follow("main a[href$='/offset']", "/offset")
    keys.type("reduction_effort", EFFORT)
    keys.follow("main form button.button", "/quotes/")
    keys.type("beneficiary", BENEFICIARY)
    keys.choose("[name=beneficiary_public]")
    keys.to("main button[value=review]")
    page.keyboard.press("Enter")
    page.locator("[name=consent]").wait_for()
    keys.choose("[name=consent]")
    keys.to("main button[value=order]")
    page.keyboard.press("Enter")
    page.locator("[name=number]").wait_for()
    for name, value in CARD.items():
        keys.to(f"[name='{name}']")
        page.keyboard.press("Control+a")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    page.locator("main a.button[href^='/c/TEST-']").wait_for()
    keys.follow("main a.button[href^='/c/TEST-']", "/c/TEST-")
    expect(page.locator("data.certified-g")).to_be_visible()
    context.close()
