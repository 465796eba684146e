"""Money is given back up to what was taken, and never while the taking is disputed."""

import asyncio
from datetime import UTC, datetime

import pytest

from marketplace.payments.gateway import PaymentRefused
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import Sandbox, a_request


class TestGivingBack:
    async def test_in_full(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        refund = await gateway.refund(payment, 1300, key="r")
        assert (refund.payment, refund.amount, refund.state) == (payment, 1300, "succeeded")
        assert refund.key == "r"
        assert await gateway.refund_by_id(refund.id) == refund

    async def test_in_parts_down_to_the_last_yen(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        for key, amount in [("a", 1), ("b", 1298), ("c", 1)]:
            assert (await gateway.refund(payment, amount, key=key)).amount == amount
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(payment, 1, key="d")
        assert refusal.value.reason == "charge_already_refunded"

    async def test_is_told(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        refund = await gateway.refund(await sandbox.a_payment(gateway), 1300, key="r")
        told = [event.type for event in await gateway.events_since(before) if event.object_id == refund.id]
        assert told == ["refund.created"]


class TestMoreThanWasTakenIsRefused:
    async def test_at_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(payment, 1301, key="r")
        assert refusal.value.reason == "parameter_invalid:amount"

    async def test_in_parts_that_race(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        results = await asyncio.gather(
            *(gateway.refund(payment, 400, key=f"r{turn}") for turn in range(10)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, PaymentRefused)]
        assert len(refused) == 7
        charge = (await sandbox.api("GET", f"/v1/payment_intents/{payment}?expand[]=latest_charge")).json()
        assert charge["latest_charge"]["amount_refunded"] == 1200

    @pytest.mark.parametrize("amount", [0, -1])
    async def test_nothing_or_less_is_refused_too(self, gateway: StripeGateway, sandbox: Sandbox, amount: int) -> None:
        payment = await sandbox.a_payment(gateway)
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(payment, amount, key="r")
        assert refusal.value.reason == "parameter_invalid:amount"

    async def test_of_an_unknown_payment(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund("pi_unknown", 100, key="r")
        assert refusal.value.reason == "resource_missing"

    async def test_of_money_that_never_came(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened, "4000 0000 0000 0002")
        declined = (await sandbox.api("GET", "/v1/events?types[]=payment_intent.payment_failed")).json()["data"][0]
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(declined["data"]["object"]["id"], 100, key="r")
        assert refusal.value.reason == "payment_intent_unexpected_state"


class TestARefundMayFailLater:
    async def test_and_says_so_when_read_again(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        payment = await sandbox.a_payment(gateway)
        refund = await gateway.refund(payment, 1300, key="r")
        await sandbox.control("POST", f"refunds/{refund.id}/fail")
        assert (await gateway.refund_by_id(refund.id)).state == "failed"
        assert "refund.failed" in [event.type for event in await gateway.events_since(before)]

    async def test_then_the_money_can_be_given_back_under_another_key(
        self, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        refund = await gateway.refund(payment, 1300, key="r")
        await sandbox.control("POST", f"refunds/{refund.id}/fail")
        assert (await gateway.refund(payment, 1300, key="r")).state == "failed"
        assert (await gateway.refund(payment, 1300, key="r:2")).state == "succeeded"


class TestADisputedPaymentIsNotRefunded:
    async def test_while_the_bank_has_the_money(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        await sandbox.control("POST", "disputes", {"payment_intent": payment})
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(payment, 100, key="r")
        assert refusal.value.reason == "charge_disputed"

    async def test_it_is_told_opened_and_closed(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        payment = await sandbox.a_payment(gateway)
        dispute = await sandbox.control("POST", "disputes", {"payment_intent": payment})
        await sandbox.control("POST", f"disputes/{dispute['id']}/close", {"status": "lost"})
        told = [event.type for event in await gateway.events_since(before) if event.object_id == dispute["id"]]
        assert told == ["charge.dispute.created", "charge.dispute.closed"]
