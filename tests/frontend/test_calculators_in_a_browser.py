"""The calculators in a real browser: what happens on the way to a result, and while somebody types."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.frontend.test_accessibility import DESK, PHONE, address, browser, is_too_wide, violations

__all__ = ["address", "browser"]  # fixtures
CALCULATE = "main button.button[value=calculate]"
HOUSEHOLD = {"subject/name": "Home", "period/start": "2025-04-01", "period/end": "2026-03-31"}
ORGANISATION = HOUSEHOLD | {
    "scope1_refrigerants/0/leaked_kg": "0.5",
    "scope2_electricity/0/electricity_kwh": "5000",
}
ELECTRICITY = "electricity/0/electricity_kwh"


def fine(page: Page, within: str) -> None:
    assert violations(page, within) == [], page.url
    assert not is_too_wide(page), page.url


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")


def fill(page: Page, entries: dict[str, str]) -> None:
    unfold(page)
    for name, given in entries.items():
        page.fill(f"[name='{name}']", given)


def a_page(browser: Browser, theme: str, size: dict[str, int]) -> Iterator[Page]:
    context = browser.new_context(viewport=size, color_scheme=theme)  # type: ignore[arg-type]  # playwright wants its own types
    yield context.new_page()
    context.close()


def fill_in_order(page: Page, entries: dict[str, str]) -> None:
    for name, given in entries.items():
        page.fill(f"[name='{name}']", given)


class TestOnTheWay:
    """Places that no address leads to by itself; those that have one are in tests/e2e/test_every_page.py."""

    @pytest.fixture
    def desk(self, browser: Browser) -> Iterator[Page]:
        yield from a_page(browser, "light", DESK)

    @pytest.fixture
    def phone(self, browser: Browser) -> Iterator[Page]:
        yield from a_page(browser, "dark", PHONE)

    def test_a_search_and_the_result_of_an_organisation(self, phone: Page, address: str) -> None:
        phone.goto(f"{address}/en/calculate/organisation")
        fill(phone, {**ORGANISATION, "scope1_other/0/factor_id": "ガソリン"})
        phone.select_option("[name='scope1_refrigerants/0/gas']", "hfc32")
        phone.click("[value='find:scope1_other/0/factor_id']")
        phone.wait_for_selector(".hits")
        fine(phone, ".factor-field:has(.hits)")
        phone.fill("[name='scope1_other/0/factor_id']", "")
        phone.click(CALCULATE)
        phone.wait_for_url("**/footprints/*")
        assert not is_too_wide(phone)

    def test_a_file_with_refused_rows(self, desk: Page, address: str, tmp_path: Path) -> None:
        listed = tmp_path / "list.csv"
        listed.write_bytes("出発地,交通手段,人数\n東京,飛行機,3\n府中,電車,2\n".encode("cp932"))
        desk.goto(f"{address}/ja/calculate/event?example=sapporo")
        unfold(desk)
        desk.set_input_files("[name='file/travel_participants']", listed)
        desk.click("[value='import:travel_participants']")
        desk.wait_for_selector("main [role=status]")
        fine(desk, "#f-travel_participants")

    def test_reducing_comparing_and_going_on_later(self, desk: Page, address: str) -> None:
        desk.goto(f"{address}/ja/calculate/event?example=sapporo")
        desk.click(CALCULATE)
        desk.wait_for_url("**/footprints/*")
        result = desk.url
        desk.goto(f"{result}/reduce")
        desk.fill("[name='percent.online_seats']", "20")
        desk.click("form .button.second")
        desk.wait_for_url("**percent.online_seats=20*")
        desk.goto(result)
        desk.click("a[href*='compare=1']")
        desk.fill("[name='travel_participants/0/people']", "12")
        desk.click("[value=keep]")
        desk.wait_for_url("**draft=*")
        desk.click(CALCULATE)
        desk.wait_for_url("**/compare/*")


class TestWhileTyping:
    @pytest.fixture
    def page(self, browser: Browser) -> Iterator[Page]:
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
            " if (!entry.hadRecentInput) window.shift += entry.value; })).observe({type: 'layout-shift', buffered: true})"
        )
        yield page
        context.close()

    def test_lines_total_and_mistakes_appear_where_they_belong(self, page: Page, address: str) -> None:
        page.goto(f"{address}/en/calculate/household")
        fill_in_order(page, {"period/start": "2025-04-01", "period/end": "2025-04-30", ELECTRICITY: "３００"})
        expect(page.locator("[data-total]")).to_have_text("126.900")
        expect(page.locator("[data-row='electricity/0']")).to_contain_text("126.900 kg")
        assert page.evaluate("window.shift") == 0
        page.fill(f"[name='{ELECTRICITY}']", "many")
        page.keyboard.press("Tab")
        expect(page.locator(f"[name='{ELECTRICITY}']")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#f-electricity-0-electricity_kwh-error")).to_be_visible()
        expect(page.locator("[data-total]")).to_have_text("–")
        fine(page, "#f-electricity")
        page.fill(f"[name='{ELECTRICITY}']", "310")
        expect(page.locator("[data-total]")).to_have_text("131.130")
        expect(page.locator("#f-electricity-0-electricity_kwh-error")).to_have_count(0)

    def test_a_late_answer_never_replaces_a_newer_one(self, page: Page, address: str) -> None:
        page.goto(f"{address}/en/calculate/household")
        fill_in_order(page, {"period/start": "2025-04-01", "period/end": "2025-04-30"})
        held: list[Route] = []

        def hold_the_first(route: Route) -> None:
            if held:
                route.continue_()
            else:
                held.append(route)

        page.route("**/so-far", hold_the_first)
        with page.expect_request("**/so-far"):
            page.fill(f"[name='{ELECTRICITY}']", "300")
        page.fill(f"[name='{ELECTRICITY}']", "310")
        expect(page.locator("[data-total]")).to_have_text("131.130")
        for route in held:
            route.fulfill(json={"total": "1", "note": "", "rows": {}, "categories": {}, "problems": {}})
        expect(page.locator("[data-total]")).to_have_text("131.130")

    def test_nothing_moves_away_under_a_button_that_is_pressed(self, page: Page, address: str) -> None:
        page.goto(f"{address}/en/calculate/household")
        page.fill(f"[name='{ELECTRICITY}']", "many")
        button = page.locator(CALCULATE)
        button.scroll_into_view_if_needed()
        button.hover()
        with page.expect_response("**/so-far") as answer:
            page.mouse.down()
        answer.value.finished()
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        with page.expect_response("**/calculate/household"):
            page.mouse.up()
        expect(page.locator("#f-electricity-0-electricity_kwh-error")).to_be_visible()

    def test_a_mistake_is_told_when_the_pointer_is_lifted(self, page: Page, address: str) -> None:
        page.goto(f"{address}/en/calculate/household")
        page.fill(f"[name='{ELECTRICITY}']", "many")
        page.locator("h1").click()
        expect(page.locator("#f-electricity-0-electricity_kwh-error")).to_be_visible()
        page.fill(f"[name='{ELECTRICITY}']", "310")
        page.locator("h1").click(button="right")
        expect(page.locator("#f-electricity-0-electricity_kwh-error")).to_have_count(0)

    def test_without_a_connection_it_says_so_and_goes_on_later(self, page: Page, address: str) -> None:
        page.goto(f"{address}/en/calculate/household")
        page.context.set_offline(True)
        fill_in_order(page, {"period/start": "2025-04-01", "period/end": "2025-04-30", ELECTRICITY: "300"})
        expect(page.locator("[data-note]")).to_contain_text("No connection")
        page.context.set_offline(False)
        expect(page.locator("[data-total]")).to_have_text("126.900")

    def test_nothing_typed_is_lost(self, page: Page, address: str) -> None:
        page.goto(f"{address}/ja/calculate/household")
        page.fill("[name='subject/name']", "わが家")
        page.click("#f-electricity [value='add:electricity']")
        page.fill("[name='electricity/1/electricity_kwh']", "20")
        page.click(".languages button[lang=en]")
        page.wait_for_url("**/en/calculate/household")
        assert page.input_value("[name='electricity/1/electricity_kwh']") == "20"
        page.click(".theme button[value=dark]")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.input_value("[name='subject/name']") == "わが家"
        page.goto(f"{address}/en/calculate/household")
        page.click("[data-answer=take]")
        expect(page.locator("[name='electricity/1/electricity_kwh']")).to_have_value("20")
        page.goto(f"{address}/en/calculate/event?example=sapporo")
        page.fill("[name='subject/name']", "Another name")
        page.click("nav a[href='/en/calculate']")
        page.go_back()
        expect(page.locator("[name='subject/name']")).to_have_value("Another name")
