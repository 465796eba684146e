"""Providers are paid from what buyers paid: once per order, never more than came in, and only when they can be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.payments.stripe import StripeGateway
from marketplace.payments.stripe_payouts import StripePayouts
from tests.marketplace.payments.servers import Sandbox

RETURN, REFRESH = "http://127.0.0.1:9/payouts", "http://127.0.0.1:9/payouts/again"
ORDER = "ord_1"


@pytest.fixture
async def payouts(gateway: StripeGateway) -> AsyncIterator[StripePayouts]:
    yield StripePayouts(gateway.connection)


async def a_ready_account(payouts: StripePayouts, sandbox: Sandbox, name: str = "prov_1") -> str:
    account = await payouts.open_account(key=name, provider_id=name, email="keiri@example.com")
    link = await payouts.onboarding_link(account.id, return_url=RETURN, refresh_url=REFRESH)
    assert (await sandbox.http.post(link.url)).status_code == 303
    return account.id


class TestAnAccount:
    async def test_is_not_ready_until_the_provider_has_told_about_itself(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        before = datetime.now(UTC)
        account = await payouts.open_account(key="p", provider_id="prov_1", email="keiri@example.com")
        assert not account.ready
        assert "external_account" in account.missing
        link = await payouts.onboarding_link(account.id, return_url=RETURN, refresh_url=REFRESH)
        assert link.expires_at > datetime.now(UTC)
        assert "登録したことにする" in (await sandbox.http.get(link.url, headers={"Accept-Language": "ja"})).text
        answer = await sandbox.http.post(link.url)
        assert answer.headers["location"] == RETURN
        ready = await payouts.account(account.id)
        assert (ready.ready, ready.missing) == (True, ())
        told = [event.type for event in await gateway.events_since(before) if event.object_id == account.id]
        assert told == ["account.updated"]

    async def test_is_opened_once_by_its_key(self, payouts: StripePayouts) -> None:
        opened = [await payouts.open_account(key="p", provider_id="prov_1", email="a@example.com") for _ in range(2)]
        assert opened[0] == opened[1]

    async def test_may_lose_its_readiness(self, payouts: StripePayouts, sandbox: Sandbox) -> None:
        account = await a_ready_account(payouts, sandbox)
        await sandbox.control("POST", f"accounts/{account}/restrict")
        restricted = await payouts.account(account)
        assert (restricted.ready, restricted.missing) == (False, ("company.verification.document",))

    @pytest.mark.parametrize("why", ["old", "used"])
    async def test_an_old_or_used_link_leads_to_a_new_one(
        self, payouts: StripePayouts, sandbox: Sandbox, why: str
    ) -> None:
        account = await payouts.open_account(key="p", provider_id="prov_1", email="keiri@example.com")
        link = await payouts.onboarding_link(account.id, return_url=RETURN, refresh_url=REFRESH)
        if why == "old":
            await sandbox.advance(timedelta(minutes=6))
        else:
            await sandbox.http.post(link.url)
        for method in ("GET", "POST"):
            assert (await sandbox.http.request(method, link.url)).headers["location"] == REFRESH

    async def test_an_unknown_one_is_refused(self, payouts: StripePayouts, sandbox: Sandbox) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.account("acct_unknown")
        assert refusal.value.reason == "resource_missing"
        assert (await sandbox.http.get(f"{sandbox.url}/c/onboarding/link_1")).status_code == 404


class TestATransfer:
    async def test_sends_a_part_of_a_payment(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)
        sent = await payouts.transfer(account, 1000, "JPY", payment=payment, order_id=ORDER, key="t")
        assert (sent.account, sent.amount, sent.currency, sent.taken_back) == (account, 1000, "JPY", 0)

    async def test_of_a_prepaid_order_comes_out_of_our_balance_once(
        self, payouts: StripePayouts, sandbox: Sandbox
    ) -> None:
        account = await a_ready_account(payouts, sandbox)
        for _ in range(2):
            sent = await payouts.transfer(account, 1000, "JPY", payment=None, order_id=ORDER, key="t")
            assert (sent.account, sent.amount) == (account, 1000)
        assert (await payouts.take_back(sent.id, 1000, key="r")).taken_back == 1000

    async def test_is_made_once_by_its_key_for_ever(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)

        async def send() -> str:
            return (await payouts.transfer(account, 100, "JPY", payment=payment, order_id=ORDER, key="t")).id

        sent = await asyncio.gather(*(send() for _ in range(10)))
        await sandbox.advance(timedelta(days=30))
        assert {*sent, await send()} == {sent[0]}

    @pytest.mark.parametrize("kind", ["saved_error_before", "saved_error_after"])
    async def test_is_made_once_although_a_failure_is_saved(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox, kind: str
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)
        await sandbox.fault(kind, method="POST")
        with pytest.raises(PaymentProviderUnreachable):
            await payouts.transfer(account, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        await payouts.transfer(account, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        listed = (await sandbox.api("GET", f"/v1/transfers?transfer_group={ORDER}")).json()["data"]
        assert [transfer["amount"] for transfer in listed] == [100]

    async def test_to_several_providers_never_exceeds_the_payment(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        accounts = [await a_ready_account(payouts, sandbox, f"prov_{number}") for number in range(3)]
        results = await asyncio.gather(
            *(
                payouts.transfer(account, 500, "JPY", payment=payment, order_id=ORDER, key=account)
                for account in accounts
            ),
            return_exceptions=True,
        )
        refused = [result for result in results if isinstance(result, PaymentRefused)]
        assert [refusal.reason for refusal in refused] == ["parameter_invalid:amount"]

    async def test_goes_to_a_ready_account_only(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        account = await payouts.open_account(key="p", provider_id="prov_1", email="keiri@example.com")
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.transfer(account.id, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        assert refusal.value.reason == "insufficient_capabilities_for_transfer"

    async def test_under_the_same_key_to_another_is_refused(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        first, second = [await a_ready_account(payouts, sandbox, name) for name in ("prov_1", "prov_2")]
        await payouts.transfer(first, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.transfer(second, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        assert refusal.value.reason == "idempotency_key_reused"

    async def test_of_another_orders_payment_is_refused(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account = await a_ready_account(payouts, sandbox)
        payment = await sandbox.a_payment(gateway, order_id="ord_2")
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.transfer(account, 100, "JPY", payment=payment, order_id=ORDER, key="t")
        assert refusal.value.reason == "parameter_invalid:transfer_group"


class TestTakingBack:
    async def test_a_part_and_then_the_rest(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)
        sent = await payouts.transfer(account, 1000, "JPY", payment=payment, order_id=ORDER, key="t")
        assert (await payouts.take_back(sent.id, 300, key="a")).taken_back == 300
        assert (await payouts.take_back(sent.id, 700, key="b")).taken_back == 1000

    async def test_once_by_its_key_for_ever(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)
        sent = await payouts.transfer(account, 1000, "JPY", payment=payment, order_id=ORDER, key="t")
        await payouts.take_back(sent.id, 300, key="a")
        await sandbox.advance(timedelta(days=30))
        assert (await payouts.take_back(sent.id, 300, key="a")).taken_back == 300
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.take_back(sent.id, 301, key="a")
        assert refusal.value.reason == "idempotency_key_reused"

    async def test_never_more_than_was_sent(
        self, payouts: StripePayouts, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        account, payment = await a_ready_account(payouts, sandbox), await sandbox.a_payment(gateway)
        sent = await payouts.transfer(account, 1000, "JPY", payment=payment, order_id=ORDER, key="t")
        with pytest.raises(PaymentRefused) as refusal:
            await payouts.take_back(sent.id, 1001, key="a")
        assert refusal.value.reason == "parameter_invalid:amount"
