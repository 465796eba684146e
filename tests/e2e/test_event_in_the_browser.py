"""A newcomer offsets a real event in a real browser, in both languages, with and without scripts, on a desk and a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.instance import Instance

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


NEWCOMERS = {"ja-desk": ("ja", True, DESK), "en-phone-without-scripts": ("en", False, PHONE)}


@pytest.fixture(scope="module")
def visitors(browser, instance):
    """Opens a window for each of NEWCOMERS that is asked for, once."""
    opened = {}

    def visitor(name):
        if name not in opened:
            language, scripts, viewport = NEWCOMERS[name]
            context = browser.new_context(viewport=viewport, java_script_enabled=scripts, locale=language)
            page = context.new_page()
            page.set_default_timeout(10_000)
            opened[name] = Visitor(page, instance, language)
        return opened[name]

    yield visitor
    for one in opened.values():
        one.page.context.close()


@pytest.fixture
def visitor(visitors):
    """What the server answers to bad input does not depend on language, size or scripts, so one newcomer asks."""
    return visitors("en-phone-without-scripts")


class Visitor:
    def __init__(self, page: Page, instance: Instance, language: str) -> None:
        self.page, self.instance, self.language = page, instance, language

    def open(self, path: str) -> None:
        self.page.goto(f"{self.instance.address}/{self.language}{path}")

    def type(self, name: str, value: str) -> None:
        self.page.locator(f"[name='{name}']").first.fill(value)

    def press(self, action: str) -> None:
        self.page.locator(f"main button[value='{action}']:not([tabindex='-1'])").click()

    def calculate_the_example(self) -> None:
        self.open("/calculate/event?example=sapporo")
        self.press("calculate")
        expect(self.page).to_have_url(re.compile(r"/footprints/fpr_"))

    def order(self) -> None:
        """From the result page to the payment page."""
        self.page.locator("a[href$='/offset']").first.click()
        self.type("reduction_effort", "資料を電子配布に変えた")
        self.page.locator("main form button").last.click()
        self.type("beneficiary", "札幌学術会議 実行委員会")
        self.page.locator("[name='beneficiary_public']").first.check()
        self.press("review")
        expect(self.page.locator("main")).to_contain_text("札幌学術会議 実行委員会")
        self.page.locator("[name='consent']").check()
        self.press("order")
        expect(self.page.locator("[name='number']")).to_be_visible()

    def pay(self, card: str) -> None:
        self.type("email", "buyer@example.com")
        self.type("number", card)
        self.page.locator("form button").first.click()


class TestANewcomerOffsetsAnEvent:
    @pytest.mark.parametrize("newcomer", NEWCOMERS)
    def test_from_the_first_page_to_the_certificate(self, visitors, newcomer):
        visitor = visitors(newcomer)
        visitor.open("/")
        visitor.page.locator("a[href*='example=sapporo']").first.click()
        visitor.press("calculate")
        expect(visitor.page.locator("main")).to_contain_text("6,068.701")
        visitor.order()
        visitor.pay("4242 4242 4242 4242")
        link = visitor.page.locator("a[href*='/c/TEST-']").first
        link.wait_for()
        link.click()
        expect(visitor.page.locator("data.certified-g")).to_have_attribute("value", "7000000")

    def test_a_declined_card_can_be_followed_by_a_good_one(self, visitor):
        visitor.calculate_the_example()
        visitor.order()
        visitor.pay("4000 0000 0000 0002")
        expect(visitor.page.locator("[name='number']")).to_be_visible()
        assert visitor.page.locator("[name='email']").input_value() == "buyer@example.com"
        visitor.pay("4242 4242 4242 4242")
        visitor.page.locator("a[href*='/c/TEST-']").first.wait_for()


class TestBadInputIsAnsweredNextToTheField:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("travel_participants/1/distance_km", "-5"),
            ("travel_participants/1/distance_km", "1000000000000"),
            ("travel_participants/0/origin", "どこにもない市"),
            ("waste/0/mass_kg", "abc"),
        ],
    )
    def test_and_everything_typed_is_kept(self, visitor, name, value):
        visitor.open("/calculate/event?example=sapporo")
        visitor.type(name, value)
        visitor.press("calculate")
        field = visitor.page.locator(f"[name='{name}']").first
        assert field.input_value() == value
        assert field.get_attribute("aria-invalid") == "true"
        described = field.get_attribute("aria-describedby").split()
        assert any(visitor.page.locator(f"[id='{part}']").inner_text().strip() for part in described)
        assert visitor.page.locator("[name='subject/name']").input_value()

    def test_full_width_digits_and_separators_are_understood(self, visitor):
        visitor.open("/calculate/event?example=sapporo")
        visitor.type("waste/0/mass_kg", "１，２００．５")
        visitor.press("calculate")
        expect(visitor.page).to_have_url(re.compile(r"/footprints/fpr_"))
        expect(visitor.page.locator("main")).to_contain_text("1,200.5")

    def test_an_empty_form_is_explained(self, visitor):
        visitor.open("/calculate/event")
        visitor.press("calculate")
        expect(visitor.page.locator("[role='alert'], .error-summary").first).to_be_visible()
