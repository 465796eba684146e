"""The same key is the same act: whatever is repeated, lost or done at once, it takes effect once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.payments.gateway import CheckoutLine, PaymentProviderUnreachable, PaymentRefused
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import Sandbox, a_request

FORM = (
    "mode=payment&client_reference_id=ord_1&success_url=https://shop.example/&line_items[0][price_data][currency]=jpy"
    "&line_items[0][price_data][unit_amount]=500&line_items[0][price_data][product_data][name]=x"
)
SESSIONS = "/v1/checkout/sessions"


class TestTheGatewayRepeatsSafely:
    async def test_the_same_order_opens_the_same_checkout(self, gateway: StripeGateway) -> None:
        request = a_request()
        assert await gateway.open_checkout(request) == await gateway.open_checkout(request)

    async def test_twenty_at_once_open_one(self, gateway: StripeGateway) -> None:
        request = a_request()
        opened = await asyncio.gather(*(gateway.open_checkout(request) for _ in range(20)))
        assert len({checkout.id for checkout in opened}) == 1

    async def test_the_same_key_for_another_amount_is_refused(self, gateway: StripeGateway) -> None:
        request = a_request()
        await gateway.open_checkout(request)
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(replace(request, lines=[CheckoutLine("1 t", 999)]))
        assert refusal.value.reason == "idempotency_key_reused"

    async def test_an_answer_lost_on_the_way_is_given_again(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        hasty = sandbox.gateway(timeout=timedelta(milliseconds=300))
        request = a_request()
        await sandbox.fault("hang_after", method="POST", seconds=1)
        with pytest.raises(PaymentProviderUnreachable):
            await hasty.open_checkout(request)
        opened = await gateway.open_checkout(request)
        assert await gateway.open_checkout(request) == opened
        await hasty.close()

    async def test_the_sdk_repeats_by_itself_under_one_key(self, sandbox: Sandbox) -> None:
        gateway = sandbox.gateway(timeout=timedelta(seconds=1), retries=2)
        request = a_request()
        await sandbox.fault("hang_after", method="POST", seconds=2)
        opened = await gateway.open_checkout(request)
        assert await gateway.open_checkout(request) == opened
        await gateway.close()


class TestTheSandboxIsAsStrictAsTheProvider:
    """Source: https://docs.stripe.com/api/idempotent_requests"""

    async def test_a_repeat_is_answered_the_same_and_says_so(self, sandbox: Sandbox) -> None:
        first = await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        again = await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        assert again.content == first.content
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["original-request"] == first.headers["request-id"]

    async def test_the_order_of_the_parameters_does_not_matter(self, sandbox: Sandbox) -> None:
        first = await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        turned = "&".join(reversed(FORM.split("&")))
        assert (await sandbox.api("POST", SESSIONS, turned, **{"Idempotency-Key": "k"})).content == first.content

    async def test_other_parameters_are_refused(self, sandbox: Sandbox) -> None:
        await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        other = await sandbox.api("POST", SESSIONS, FORM + "&locale=en", **{"Idempotency-Key": "k"})
        assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")

    async def test_another_call_is_refused(self, sandbox: Sandbox) -> None:
        await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        other = await sandbox.api("POST", "/v1/refunds", "payment_intent=pi_1", **{"Idempotency-Key": "k"})
        assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")

    async def test_without_a_key_each_call_counts(self, sandbox: Sandbox) -> None:
        first, second = [(await sandbox.api("POST", SESSIONS, FORM)).json()["id"] for _ in range(2)]
        assert first != second

    async def test_wrong_parameters_do_not_use_up_a_key(self, sandbox: Sandbox) -> None:
        wrong = await sandbox.api("POST", SESSIONS, FORM + "&made_up=1", **{"Idempotency-Key": "k"})
        right = await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        assert (wrong.status_code, right.status_code) == (400, 200)

    async def test_a_refusal_by_the_state_of_things_is_kept(self, sandbox: Sandbox, gateway: StripeGateway) -> None:
        opened = await gateway.open_checkout(a_request())
        path = f"{SESSIONS}/{opened.id}/expire"
        await sandbox.api("POST", path)
        refusals = [await sandbox.api("POST", path, **{"Idempotency-Key": "k"}) for _ in range(2)]
        assert [refusal.status_code for refusal in refusals] == [400, 400]
        assert refusals[1].headers["idempotent-replayed"] == "true"

    async def test_a_saved_failure_is_answered_for_ever(self, sandbox: Sandbox) -> None:
        await sandbox.fault("saved_error_before")
        answers = [await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [500, 500, 500]
        assert answers[2].headers["idempotent-replayed"] == "true"

    async def test_keys_are_forgotten_after_a_day(self, sandbox: Sandbox) -> None:
        first = await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})
        await sandbox.advance(timedelta(hours=23, minutes=59))
        assert (await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})).content == first.content
        await sandbox.advance(timedelta(minutes=2))
        assert (await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k"})).json()["id"] != first.json()[
            "id"
        ]

    async def test_a_key_has_at_most_255_characters(self, sandbox: Sandbox) -> None:
        assert (await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k" * 255})).status_code == 200
        assert (await sandbox.api("POST", SESSIONS, FORM, **{"Idempotency-Key": "k" * 256})).status_code == 400


class TestARefundIsMadeOnce:
    async def test_by_key_for_ever_although_the_provider_forgets(
        self, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        first = await gateway.refund(payment, 300, key="r")
        await sandbox.advance(timedelta(days=40))
        assert await gateway.refund(payment, 300, key="r") == first
        listed = (await sandbox.api("GET", f"/v1/refunds?payment_intent={payment}")).json()["data"]
        assert [refund["amount"] for refund in listed] == [300]

    async def test_twenty_at_once_give_back_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        refunds = await asyncio.gather(*(gateway.refund(payment, 300, key="r") for _ in range(20)))
        assert len({refund.id for refund in refunds}) == 1
        charge = (await sandbox.api("GET", f"/v1/payment_intents/{payment}?expand[]=latest_charge")).json()
        assert charge["latest_charge"]["amount_refunded"] == 300

    @pytest.mark.parametrize("kind", ["saved_error_before", "saved_error_after"])
    async def test_although_a_failure_is_saved_under_its_key(
        self, gateway: StripeGateway, sandbox: Sandbox, kind: str
    ) -> None:
        payment = await sandbox.a_payment(gateway)
        await sandbox.fault(kind, method="POST")
        with pytest.raises(PaymentProviderUnreachable):
            await gateway.refund(payment, 300, key="r")
        refund = await gateway.refund(payment, 300, key="r")
        assert await gateway.refund(payment, 300, key="r") == refund
        listed = (await sandbox.api("GET", f"/v1/refunds?payment_intent={payment}")).json()["data"]
        assert [(entry["id"], entry["amount"]) for entry in listed] == [(refund.id, 300)]

    async def test_the_same_key_for_another_amount_is_refused(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        await gateway.refund(payment, 300, key="r")
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.refund(payment, 301, key="r")
        assert refusal.value.reason == "idempotency_key_reused"

    async def test_among_more_refunds_than_fit_a_page(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        first = await gateway.refund(payment, 1, key="first")
        await asyncio.gather(
            *(sandbox.api("POST", "/v1/refunds", f"payment_intent={payment}&amount=1") for _ in range(110))
        )
        await sandbox.advance(timedelta(days=2))
        assert await gateway.refund(payment, 1, key="first") == first


class TestOpeningGoesOnAfterASavedFailure:
    @pytest.mark.parametrize("kind", ["saved_error_before", "saved_error_after"])
    async def test_under_a_key_derived_from_the_first(
        self, gateway: StripeGateway, sandbox: Sandbox, kind: str
    ) -> None:
        request = a_request()
        # one for the first key, one used up by its replay, one for the second key
        await sandbox.fault(kind, method="POST", calls=3)
        for _ in range(2):
            with pytest.raises(PaymentProviderUnreachable):
                await gateway.open_checkout(request)
        opened = await gateway.open_checkout(request)
        assert await gateway.open_checkout(request) == opened

    async def test_but_not_without_end(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        request = a_request(expires_at=datetime.now(UTC) + timedelta(hours=2))
        await sandbox.fault("saved_error_before", method="POST", calls=100)
        for _ in range(8):
            with pytest.raises(PaymentProviderUnreachable):
                await gateway.open_checkout(request)
