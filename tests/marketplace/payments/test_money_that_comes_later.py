"""Konbini and bank transfer: first a promise, days later money or nothing; refunds go to an account first asked for."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from marketplace.payments.gateway import Checkout, CheckoutLine, PaymentMethod, PaymentRefused, PaymentState
from marketplace.payments.stripe import StripeGateway
from tests.browser import chromium
from tests.marketplace.payments.servers import Sandbox, a_request

ALL = [PaymentMethod.CARD, PaymentMethod.KONBINI, PaymentMethod.BANK_TRANSFER]
JAPAN = ZoneInfo("Asia/Tokyo")
EMAIL = "keiri@example.com"


async def promised(gateway: StripeGateway, sandbox: Sandbox, method: str) -> Checkout:
    opened = await gateway.open_checkout(a_request(methods=ALL, email=EMAIL))
    assert (await sandbox.pay(opened, method=method)).status_code == 303
    return await gateway.checkout(opened.id)


async def payment_of(sandbox: Sandbox, checkout: Checkout) -> str:
    """The provider's payment, which the market does not name before there is money."""
    payment: str = (await sandbox.api("GET", f"/v1/checkout/sessions/{checkout.id}")).json()["payment_intent"]
    return payment


async def told(gateway: StripeGateway, checkout: Checkout, since: datetime) -> list[str]:
    return [event.type for event in await gateway.events_since(since) if event.object_id == checkout.id]


class TestAPromiseIsNoMoney:
    @pytest.mark.parametrize("method", ["konbini", "customer_balance"])
    async def test_the_checkout_is_pending_and_says_how_to_pay(
        self, gateway: StripeGateway, sandbox: Sandbox, method: str
    ) -> None:
        checkout = await promised(gateway, sandbox, method)
        assert (checkout.state, checkout.payment) == (PaymentState.PENDING, None)
        assert checkout.instructions_url is not None
        page = await sandbox.http.get(checkout.instructions_url)
        assert "1,300 円" in page.text
        wanted = PaymentMethod.KONBINI if method == "konbini" else PaymentMethod.BANK_TRANSFER
        assert checkout.method is wanted
        last_day = datetime.now(JAPAN).date() + timedelta(days=3)
        until = datetime.combine(last_day, time(23, 59, 59), JAPAN)
        assert checkout.pay_by == (until if method == "konbini" else None)

    async def test_it_can_be_neither_refunded_nor_closed(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "konbini")
        assert (await gateway.expire_checkout(checkout.id)).state is PaymentState.PENDING
        with pytest.raises(PaymentRefused):
            await gateway.refund(await payment_of(sandbox, checkout), 100, key="r")

    async def test_it_is_not_made_twice(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        opened = await gateway.open_checkout(a_request(methods=ALL, email=EMAIL))
        await asyncio.gather(*(sandbox.pay(opened, method="konbini") for _ in range(10)))
        await sandbox.pay(opened)
        assert (await gateway.checkout(opened.id)).state is PaymentState.PENDING
        assert await told(gateway, opened, before) == ["checkout.session.completed"]


class TestTheMoneyArrives:
    @pytest.mark.parametrize("method", ["konbini", "customer_balance"])
    async def test_then_the_checkout_is_paid(self, gateway: StripeGateway, sandbox: Sandbox, method: str) -> None:
        before = datetime.now(UTC)
        checkout = await promised(gateway, sandbox, method)
        payment = await payment_of(sandbox, checkout)
        await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1300})
        paid = await gateway.checkout(checkout.id)
        assert (paid.state, paid.payment, paid.instructions_url) == (PaymentState.PAID, payment, None)
        assert await told(gateway, checkout, before) == [
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
        ]

    async def test_a_transfer_may_come_in_parts(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "customer_balance")
        payment = await payment_of(sandbox, checkout)
        await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1299})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PENDING
        await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PAID

    @pytest.mark.parametrize(("method", "amount"), [("konbini", 1299), ("konbini", 1301), ("customer_balance", 1301)])
    async def test_not_in_another_amount(
        self, gateway: StripeGateway, sandbox: Sandbox, method: str, amount: int
    ) -> None:
        checkout = await promised(gateway, sandbox, method)
        payment = await payment_of(sandbox, checkout)
        with pytest.raises(httpx.HTTPStatusError):
            await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": amount})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PENDING

    async def test_a_transfer_may_come_after_any_time(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "customer_balance")
        await sandbox.advance(timedelta(days=90))
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PENDING
        await sandbox.control("POST", f"payments/{await payment_of(sandbox, checkout)}/arrive", {"amount": 1300})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PAID


class TestTheMoneyNeverComes:
    async def test_a_store_waits_until_the_end_of_the_last_day_in_japan(
        self, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        before = datetime.now(UTC)
        opened = await gateway.open_checkout(a_request(methods=[PaymentMethod.KONBINI], konbini_days=2))
        await sandbox.pay(opened, method="konbini")
        now = datetime.now(JAPAN)
        end_of_day = datetime.combine(now.date() + timedelta(days=2), time(23, 59, 59), JAPAN)
        await sandbox.advance(end_of_day - now - timedelta(minutes=1))
        assert (await gateway.checkout(opened.id)).state is PaymentState.PENDING
        await sandbox.advance(timedelta(minutes=2))
        assert (await gateway.checkout(opened.id)).state is PaymentState.FAILED
        assert (await told(gateway, opened, before))[-1] == "checkout.session.async_payment_failed"

    async def test_afterwards_no_store_takes_it(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "konbini")
        payment = await payment_of(sandbox, checkout)
        await sandbox.advance(timedelta(days=4))
        with pytest.raises(httpx.HTTPStatusError):
            await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1300})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.FAILED


class TestOnlyPossibleWaysAreOffered:
    @pytest.mark.parametrize(
        ("amount", "offered"),
        [(119, ["card"]), (120, ["card", "konbini"]), (300_000, ["card", "konbini"]), (300_001, ["card"])],
    )
    async def test_a_store_takes_120_to_300000_yen(
        self, gateway: StripeGateway, sandbox: Sandbox, amount: int, offered: list[str]
    ) -> None:
        request = a_request(lines=[CheckoutLine("1 t", amount)], methods=[PaymentMethod.CARD, PaymentMethod.KONBINI])
        opened = await gateway.open_checkout(request)
        session = (await sandbox.api("GET", f"/v1/checkout/sessions/{opened.id}")).json()
        assert session["payment_method_types"] == offered

    async def test_a_checkout_without_any_is_refused(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(
                a_request(lines=[CheckoutLine("1 t", 300_001)], methods=[PaymentMethod.KONBINI])
            )
        assert refusal.value.reason == "parameter_invalid:allowed_payment_method_types"

    async def test_a_transfer_needs_an_address(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request(methods=[PaymentMethod.BANK_TRANSFER]))
        assert refusal.value.reason == "parameter_missing"

    async def test_opening_again_opens_the_same(self, gateway: StripeGateway) -> None:
        request = a_request(methods=ALL, email=EMAIL)
        assert await gateway.open_checkout(request) == await gateway.open_checkout(request)


class TestGivingItBack:
    async def test_waits_for_the_buyers_account(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "konbini")
        payment = await payment_of(sandbox, checkout)
        await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1300})
        refund = await gateway.refund(payment, 1300, key="r")
        assert refund.state == "requires_action"
        await sandbox.control("POST", f"refunds/{refund.id}/succeed")
        assert (await gateway.refund_by_id(refund.id)).state == "succeeded"

    async def test_fails_if_there_is_none(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        checkout = await promised(gateway, sandbox, "customer_balance")
        payment = await payment_of(sandbox, checkout)
        await sandbox.control("POST", f"payments/{payment}/arrive", {"amount": 1300})
        refund = await gateway.refund(payment, 1300, key="r")
        await sandbox.control("POST", f"refunds/{refund.id}/fail")
        assert (await gateway.refund_by_id(refund.id)).state == "failed"
        types = [event.type for event in await gateway.events_since(before) if event.object_id == refund.id]
        assert types == ["refund.created", "refund.updated", "refund.failed"]


class TestThePages:
    async def test_a_wrong_address_stays_on_the_page(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request(methods=ALL, email=EMAIL))
        answer = await sandbox.pay(opened, method="konbini", email="keiri")
        assert answer.status_code == 422
        assert 'value="keiri"' in answer.text
        assert "コンビニで支払う" in answer.text

    async def test_a_way_that_is_not_offered_is_not_taken(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened, method="konbini")
        assert (await gateway.checkout(opened.id)).state is PaymentState.PAID  # by the card that was typed too

    async def test_nothing_is_shown_before_it_was_promised(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request(methods=ALL, email=EMAIL))
        await sandbox.pay(opened, "4000 0000 0000 0002")
        declined = (await sandbox.api("GET", "/v1/events?types[]=payment_intent.payment_failed")).json()["data"][0]
        payment = declined["data"]["object"]["id"]
        for method in ("GET", "POST"):
            page = await sandbox.http.request(method, f"{sandbox.url}/c/instructions/{payment}", data={"wish": "paid"})
            assert page.status_code == 404
        assert (await gateway.checkout(opened.id)).state is PaymentState.OPEN

    async def test_a_button_pressed_twice_pays_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "konbini")
        url = checkout.instructions_url or ""
        answers = [await sandbox.http.post(url, data={"wish": wish}) for wish in ("paid", "paid", "lapsed")]
        assert [answer.status_code for answer in answers] == [303, 303, 303]
        assert "支払いは済んでいます" in (await sandbox.http.get(url)).text
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PAID

    async def test_an_account_to_transfer_to_does_not_run_out(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        checkout = await promised(gateway, sandbox, "customer_balance")
        await sandbox.http.post(checkout.instructions_url or "", data={"wish": "lapsed"})
        assert (await gateway.checkout(checkout.id)).state is PaymentState.PENDING

    async def test_a_browser_without_scripts_pays_in_a_store(
        self, gateway: StripeGateway, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        opened = await gateway.open_checkout(a_request(methods=ALL, email=EMAIL, locale="ja"))
        heading = await asyncio.to_thread(_pay_in_a_store, opened.url or "", tmp_path)
        assert heading == "支払いは済んでいます"
        assert (await gateway.checkout(opened.id)).state is PaymentState.PAID


def _pay_in_a_store(url: str, folder: Path) -> str:
    with chromium(folder) as browser:
        page = browser.new_context(java_script_enabled=False).new_page()
        page.goto(url)
        page.click("text=コンビニ")
        page.click("button")
        page.click("text=お店で支払ったことにする")
        return page.inner_text("h1")
