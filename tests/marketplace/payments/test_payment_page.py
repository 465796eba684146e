"""The hosted page: works without scripts, keeps what was typed, says plainly what happened, and pays once."""

import asyncio
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from marketplace.payments.gateway import CheckoutLine, PaymentState
from marketplace.payments.sandbox import words
from marketplace.payments.sandbox.card_form import read_card_form
from marketplace.payments.sandbox.cards import TEST_CARDS, table_of_cards
from marketplace.payments.stripe import StripeGateway
from tests.browser import chromium
from tests.marketplace.payments.servers import CANCEL_URL, DECLINED_CARD, Sandbox, a_request

TODAY = date(2026, 11, 22)


class TestWhatIsTyped:
    @pytest.mark.parametrize(
        "number",
        ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "４２４２　４２４２　４２４２　４２４２"],
    )
    def test_a_number_is_understood_however_it_is_written(self, number: str) -> None:
        typed = {"email": "buyer@example.com", "number": number, "expiry": "１２／３４", "cvc": "１２３"}
        entry, problems = read_card_form(typed, today=TODAY)
        assert problems == {}
        assert entry is not None
        assert entry.number == "4242424242424242"

    @pytest.mark.parametrize("expiry", ["11/26", "11 / 26", "1126", "11/2026", "1/27", "12-34"])
    def test_a_month_to_come_is_taken(self, expiry: str) -> None:
        assert "expiry" not in read_card_form({"expiry": expiry}, today=TODAY)[1]

    @pytest.mark.parametrize(
        ("field", "typed", "code"),
        [
            ("email", "", "email_invalid"),
            ("email", "buyer", "email_invalid"),
            ("number", "", "number_missing"),
            ("number", "4111111111111111", "number_unknown"),
            ("number", "four", "number_unknown"),
            ("expiry", "", "expiry_invalid"),
            ("expiry", "13/34", "expiry_invalid"),
            ("expiry", "10/26", "expiry_past"),
            ("cvc", "", "cvc_invalid"),
            ("cvc", "12", "cvc_invalid"),
            ("cvc", "1234", "cvc_invalid"),
        ],
    )
    def test_anything_else_is_named_by_its_field(self, field: str, typed: str, code: str) -> None:
        entry, problems = read_card_form({field: typed}, today=TODAY)
        assert entry is None
        assert problems[field] == code


class TestThePage:
    async def test_shows_each_line_and_the_total(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        lines = [CheckoutLine("北海道の森林 <14 t>", 210_000), CheckoutLine("手数料", 15_400)]
        opened = await gateway.open_checkout(a_request(lines=lines))
        page = (await sandbox.http.get(opened.url or "")).text
        for text in (
            "北海道の森林 &lt;14 t&gt;",
            "210,000 円",
            "15,400 円",
            "225,400 円",
            "お金は動きません",
            CANCEL_URL,
        ):
            assert text in page

    async def test_keeps_what_was_typed_when_a_field_is_wrong(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        answer = await sandbox.pay(opened, "1234 5678", email="anna@example.jp", expiry="1/20", cvc="９９")
        assert answer.status_code == 422
        for text in ('value="1234 5678"', 'value="anna@example.jp"', 'value="1/20"', 'value="９９"'):
            assert text in answer.text
        assert answer.text.count('class="problem"') == 3
        assert (await gateway.checkout(opened.id)).state is PaymentState.OPEN

    @pytest.mark.parametrize(("locale", "sentence"), [("ja", "カードが断られました"), ("en", "The card was declined")])
    async def test_a_declined_card_stays_on_the_page(
        self, gateway: StripeGateway, sandbox: Sandbox, locale: str, sentence: str
    ) -> None:
        opened = await gateway.open_checkout(a_request(locale=locale))
        answer = await sandbox.pay(opened, DECLINED_CARD)
        assert answer.status_code == 402
        assert sentence in answer.text
        assert f'value="{DECLINED_CARD}"' in answer.text

    async def test_goes_on_to_the_shop_after_paying(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        answer = await sandbox.pay(opened)
        assert (answer.status_code, answer.headers["location"]) == (303, f"http://127.0.0.1:9/done?session={opened.id}")

    async def test_a_paid_order_says_so_and_leads_on(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened)
        page = await sandbox.http.get(opened.url or "")
        assert page.status_code == 200
        assert "支払いは済んでいます" in page.text
        assert f"http://127.0.0.1:9/done?session={opened.id}" in page.text

    async def test_a_run_out_order_says_so_and_leads_back(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request(expires_at=datetime.now(UTC) + timedelta(minutes=40)))
        await sandbox.advance(timedelta(hours=1))
        page = await sandbox.http.get(opened.url or "")
        assert page.status_code == 410
        assert "支払いの期限が過ぎました" in page.text
        assert CANCEL_URL in page.text

    async def test_an_unknown_page_is_not_found(self, sandbox: Sandbox) -> None:
        assert (await sandbox.http.get(f"{sandbox.url}/c/pay/cs_test_1")).status_code == 404
        assert (await sandbox.http.post(f"{sandbox.url}/c/pay/cs_test_1", data={})).status_code == 404

    @pytest.mark.parametrize(
        ("order", "asked", "shown"),
        [("ja", "", "ja"), ("en", "", "en"), ("ja", "?lang=en", "en"), ("en", "?lang=xx", "en")],
    )
    async def test_speaks_the_language_of_the_order_or_the_one_asked_for(
        self, gateway: StripeGateway, sandbox: Sandbox, order: str, asked: str, shown: str
    ) -> None:
        opened = await gateway.open_checkout(a_request(locale=order))
        page = await sandbox.http.get(f"{opened.url}{asked}", headers={"Accept-Language": "de, fr;q=0.8"})
        assert f'<html lang="{shown}">' in page.text

    async def test_carries_no_script_and_a_strict_policy(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        page = await sandbox.http.get(opened.url or "")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "form-action 'self' http://127.0.0.1:9" in policy
        assert not re.search(r"<script|style=|onclick", page.text)
        assert page.headers["cache-control"] == "no-store"


class TestTheSentences:
    def test_are_the_same_in_both_languages(self) -> None:
        def names(locale: str) -> set[str]:
            table = tomllib.loads((words.FOLDER / f"{locale}.toml").read_text(encoding="utf-8"))
            groups = {name: inner for name, inner in table.items() if isinstance(inner, dict)}
            return (table.keys() - groups.keys()) | {f"{group}.{name}" for group in groups for name in groups[group]}

        assert names("ja") == names("en")

    def test_tell_of_every_card(self) -> None:
        declines = {card.decline for card in TEST_CARDS.values() if card.decline}
        effects = {effect for _, effect in table_of_cards()}
        for locale in words.LOCALES:
            assert declines <= words.words(locale)["decline"].keys()
            assert effects <= words.words(locale)["effect"].keys()


class TestInARealBrowser:
    async def test_a_buyer_is_declined_tries_again_and_arrives_at_the_shop(
        self, gateway: StripeGateway, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        shop = f"{sandbox.url}/healthz?session={{CHECKOUT_SESSION_ID}}"
        opened = await gateway.open_checkout(a_request(success_url=shop))
        arrived = await asyncio.to_thread(_buy, opened.url or "", tmp_path)
        assert arrived == f"{sandbox.url}/healthz?session={opened.id}"
        assert (await gateway.checkout(opened.id)).state is PaymentState.PAID

    async def test_the_policy_lets_the_browser_return_to_a_shop_elsewhere(
        self, gateway: StripeGateway, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        # another name for the same machine is another origin to a browser
        shop = sandbox.url.replace("127.0.0.1", "localhost") + "/healthz"
        opened = await gateway.open_checkout(a_request(success_url=shop))
        assert await asyncio.to_thread(_buy, opened.url or "", tmp_path) == shop


def _buy(url: str, folder: Path) -> str:
    """A buyer without scripts types the declined card in full-width digits, reads why, and pays with the good one."""
    with chromium(folder) as browser:
        page = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
        page.goto(url)
        page.fill("#number", "４０００ ００００ ００００ ０００２")
        page.click("button")
        assert page.locator("[role=alert]").is_visible()
        assert page.input_value("#number") == "４０００ ００００ ００００ ０００２"
        page.fill("#number", "4242 4242 4242 4242")
        page.click("button")
        page.wait_for_url("**/healthz*")
        return page.url
