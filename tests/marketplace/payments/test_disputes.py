"""A card's owner objects: the money is gone at once, and comes back only if the dispute is won."""

import re
from datetime import UTC, datetime

import httpx
import pytest
import stripe

from marketplace.payments.gateway import DisputeState, PaymentRefused
from marketplace.payments.stripe import DISPUTE_STATES, StripeGateway
from tests.marketplace.payments.servers import API_KEY, Sandbox, a_request


class TestDisputes:
    async def test_opened_and_lost(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        opened = await sandbox.control("POST", "disputes", {"payment_intent": payment, "amount": 1000})
        dispute = await gateway.dispute(opened["id"])
        assert (dispute.payment, dispute.amount, dispute.currency) == (payment, 1000, "JPY")
        assert (dispute.reason, dispute.state) == ("fraudulent", DisputeState.WITHDRAWN)
        assert dispute.answer_by is not None
        assert dispute.answer_by > datetime.now(UTC)
        await sandbox.control("POST", f"disputes/{dispute.id}/close", {"status": "lost"})
        assert (await gateway.dispute(dispute.id)).state is DisputeState.LOST

    async def test_won_the_money_is_ours_again_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        opened = await sandbox.control("POST", "disputes", {"payment_intent": payment})
        await sandbox.control("POST", f"disputes/{opened['id']}/close", {"status": "won"})
        assert (await gateway.dispute(opened["id"])).state is DisputeState.WON
        with pytest.raises(httpx.HTTPStatusError):
            await sandbox.control("POST", f"disputes/{opened['id']}/close", {"status": "lost"})

    async def test_not_for_more_than_is_left(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        payment = await sandbox.a_payment(gateway)
        await gateway.refund(payment, 1000, key="r")
        answer = await sandbox.http.post(
            f"{sandbox.url}/sandbox/disputes",
            json={"payment_intent": payment, "amount": 301},
            headers={"Authorization": f"Bearer {API_KEY}"},
        )
        assert answer.status_code == 400

    async def test_an_unknown_one_is_refused(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.dispute("du_unknown")
        assert refusal.value.reason == "resource_missing"

    async def test_by_the_card_that_always_objects(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened, "4000 0000 0000 0259")
        paid = await gateway.checkout(opened.id)
        (told,) = [event for event in await gateway.events_since(before) if event.type == "charge.dispute.created"]
        assert (await gateway.dispute(told.object_id)).payment == paid.payment


class TestEveryStateOfTheProviderHasAMeaning:
    def test_in_the_version_of_the_installed_sdk(self) -> None:
        declared = set(re.findall(r"'([a-z_]+)'", str(stripe.Dispute.__annotations__["status"])))
        assert declared == DISPUTE_STATES.keys()
