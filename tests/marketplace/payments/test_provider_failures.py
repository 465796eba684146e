"""A failure that passes is told from one that lasts, since only the first may be tried again."""

import asyncio
import random
import socket
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import SecretStr

from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused, PaymentState
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import API_KEY, WEBHOOK_SECRET, Sandbox, a_request


class TestAPassingFailureMayBeTriedAgain:
    @pytest.mark.parametrize("kind", ["rate_limited", "unavailable", "in_flight", "saved_error_before"])
    async def test_and_then_succeeds(self, gateway: StripeGateway, sandbox: Sandbox, kind: str) -> None:
        request = a_request()
        await sandbox.fault(kind)
        with pytest.raises(PaymentProviderUnreachable):
            await gateway.open_checkout(request)
        assert (await gateway.open_checkout(request)).state is PaymentState.OPEN

    @pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
    async def test_as_after_no_answer_in_time(self, gateway: StripeGateway, sandbox: Sandbox, kind: str) -> None:
        hasty = sandbox.gateway(timeout=timedelta(milliseconds=300))
        request = a_request()
        await sandbox.fault(kind, seconds=1)
        with pytest.raises(PaymentProviderUnreachable):
            await hasty.open_checkout(request)
        assert (await gateway.open_checkout(request)).state is PaymentState.OPEN
        await hasty.close()

    async def test_as_when_nobody_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed_soon:
            port = closed_soon.getsockname()[1]
        gateway = StripeGateway(
            api_key=SecretStr(API_KEY),
            webhook_secrets=[SecretStr(WEBHOOK_SECRET)],
            api_base=f"http://127.0.0.1:{port}",
            retries=0,
        )
        with pytest.raises(PaymentProviderUnreachable):
            await gateway.open_checkout(a_request())
        await gateway.close()

    async def test_every_call_says_so(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        refund = await gateway.refund(payment, 1, key="r")
        opened = await gateway.open_checkout(a_request())
        await sandbox.fault("unavailable", calls=5)
        for call in (
            gateway.checkout(opened.id),
            gateway.expire_checkout(opened.id),
            gateway.refund(payment, 2, key="r2"),
            gateway.refund_by_id(refund.id),
            gateway.events_since(a_request().expires_at),
        ):
            with pytest.raises(PaymentProviderUnreachable):
                await call


class TestALastingRefusalIsNot:
    async def test_a_wrong_key(self, sandbox: Sandbox) -> None:
        gateway = sandbox.gateway(api_key=SecretStr("sk_test_somebody_else"))
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request())
        assert refusal.value.reason == "access_refused"
        await gateway.close()


class TestUnderManyFailuresMoneyMovesOnce:
    """A fifth of all calls fail: limits, errors that are kept, errors that are not, lost answers."""

    async def test_sixty_orders_are_each_paid_once_and_refunded_once(self, sandbox: Sandbox) -> None:
        chance = random.Random(19)
        kinds = ["rate_limited", "unavailable", "saved_error_before", "saved_error_after", "in_flight"]
        gateway = sandbox.gateway()
        payments = []
        for number in range(60):
            if chance.random() < 0.2:
                await sandbox.fault(chance.choice(kinds), calls=chance.randint(1, 3))
            request = a_request(key=f"ord_{number}", order_id=f"ord_{number}")
            while True:
                try:
                    opened = await gateway.open_checkout(request)
                    await sandbox.pay(opened)
                    paid = await gateway.checkout(opened.id)
                    assert paid.payment is not None
                    await gateway.refund(paid.payment, 700, key=f"refund_{number}")
                except PaymentProviderUnreachable:
                    continue
                payments.append(paid.payment)
                break
        await gateway.close()
        assert len(set(payments)) == 60
        refunded = Counter[str]()
        for payment in payments:
            for refund in (await sandbox.api("GET", f"/v1/refunds?payment_intent={payment}")).json()["data"]:
                refunded[payment] += refund["amount"]
        assert set(refunded.values()) == {700}

    async def test_lost_answers_do_not_double_a_refund(self, sandbox: Sandbox) -> None:
        patient, hasty = sandbox.gateway(), sandbox.gateway(timeout=timedelta(milliseconds=200))
        payment = await sandbox.a_payment(patient)
        await sandbox.fault("hang_after", method="POST", calls=2, seconds=0.5)
        results = await asyncio.gather(*(hasty.refund(payment, 500, key="r") for _ in range(2)), return_exceptions=True)
        assert all(isinstance(result, PaymentProviderUnreachable) for result in results)
        await patient.refund(payment, 500, key="r")
        charge = (await sandbox.api("GET", f"/v1/payment_intents/{payment}?expand[]=latest_charge")).json()
        assert charge["latest_charge"]["amount_refunded"] == 500
        await patient.close()
        await hasty.close()


class TestAWrongSettingStopsTheStart:
    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"api_key": SecretStr("pk_test_public")}, "API key"),
            ({"api_key": SecretStr("")}, "API key"),
            ({"webhook_secrets": []}, "webhook secret"),
            ({"webhook_secrets": [SecretStr("secret")]}, "webhook secret"),
            ({"api_key": SecretStr("sk_live_1"), "api_base": "http://127.0.0.1:1"}, "live"),
            ({"api_base": "127.0.0.1:1"}, "address"),
        ],
    )
    def test_and_is_named(self, sandbox: Sandbox, changed: dict[str, object], named: str) -> None:
        with pytest.raises(ValueError, match=named):
            sandbox.gateway(**changed)

    def test_no_secret_is_shown(self, sandbox: Sandbox) -> None:
        with pytest.raises(ValueError, match="API key") as refusal:
            sandbox.gateway(api_key=SecretStr("pk_live_very_secret"))
        assert "very_secret" not in str(refusal.value)
