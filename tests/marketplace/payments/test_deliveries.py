"""Webhooks come late, twice, in any order or not at all; polling finds what they would have said."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marketplace.payments.events import SUBJECTS
from marketplace.payments.gateway import SignatureRefused
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import (
    WEBHOOK_SECRET,
    Receiver,
    Sandbox,
    SandboxProcess,
    a_receiver,
    a_request,
    a_sandbox,
    plain_http,
)

CARD_PAYMENT = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
]


@pytest.fixture
async def sending(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Sandbox]:
    """A sandbox that sends its webhooks to `receiver`."""
    async with a_sandbox(tmp_path, webhook_url=receiver.url) as running:
        yield running


@pytest.fixture
async def gateway(sending: Sandbox) -> AsyncIterator[StripeGateway]:
    opened = sending.gateway()
    yield opened
    await opened.close()


class TestAWebhookIsDelivered:
    async def test_signed_so_that_the_gateway_believes_it(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway
    ) -> None:
        opened = await gateway.open_checkout(a_request())
        await sending.pay(opened)
        await receiver.wait_for(4)
        assert sorted(receiver.types()) == sorted(CARD_PAYMENT)
        completed = [event for event in receiver.events(gateway) if event.type == "checkout.session.completed"]
        assert [event.object_id for event in completed] == [opened.id]

    async def test_again_until_it_is_taken(self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway) -> None:
        receiver.answers = [500, 404, 302]
        opened = await gateway.open_checkout(a_request())
        await gateway.expire_checkout(opened.id)
        for count in (1, 2, 3):
            await receiver.wait_for(count)
            await sending.advance(timedelta(hours=1))
        await receiver.wait_for(4)
        assert {event.id for event in receiver.events(gateway)} == {receiver.events(gateway)[0].id}
        (delivery,) = await sending.deliveries()
        while delivery["state"] == "queued":
            (delivery,) = await sending.deliveries()
        assert (delivery["state"], delivery["attempts"], delivery["answer"]) == ("delivered", 4, "200")

    async def test_with_a_signature_for_each_current_secret(self, tmp_path: Path, receiver: Receiver) -> None:
        secrets = ("whsec_the_next_one", WEBHOOK_SECRET)
        async with a_sandbox(tmp_path, webhook_url=receiver.url, webhook_secrets=secrets) as running:
            gateway = running.gateway()
            await gateway.expire_checkout((await gateway.open_checkout(a_request())).id)
            await receiver.wait_for(1)
            assert len(receiver.events(gateway)) == 1
            await gateway.close()

    async def test_only_of_the_types_asked_for(self, tmp_path: Path, receiver: Receiver) -> None:
        async with a_sandbox(tmp_path, webhook_url=receiver.url, webhook_events=frozenset(SUBJECTS)) as running:
            gateway = running.gateway()
            await running.a_payment(gateway)
            await receiver.wait_for(1)
            assert [delivery["type"] for delivery in await running.deliveries()] == ["checkout.session.completed"]
            await gateway.close()


class TestWebhooksGoWrongOnRequest:
    async def test_lost(self, sending: Sandbox, gateway: StripeGateway) -> None:
        before = datetime.now(UTC)
        await sending.rule("drop", events=4)
        await sending.a_payment(gateway)
        assert {delivery["state"] for delivery in await sending.deliveries()} == {"dropped"}
        assert [event.type for event in await gateway.events_since(before)] == ["checkout.session.completed"]

    async def test_twice(self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway) -> None:
        await sending.rule("duplicate", type="checkout.session.completed", copies=5)
        await sending.a_payment(gateway)
        await receiver.wait_for(8)
        completed = [event for event in receiver.events(gateway) if event.type == "checkout.session.completed"]
        assert len(completed) == 5
        assert len({event.id for event in completed}) == 1

    async def test_late(self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway) -> None:
        await sending.rule("delay", events=4, seconds=72 * 3600)
        await sending.a_payment(gateway)
        await sending.advance(timedelta(hours=71))
        assert receiver.arrived == []
        await sending.advance(timedelta(hours=2))
        await receiver.wait_for(4)
        # signed when it was sent, so that its age does not make it look forged
        assert len(receiver.events(gateway)) == 4

    @pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
    async def test_in_a_given_order(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway, order: str
    ) -> None:
        await sending.rule("hold", events=4)
        await sending.a_payment(gateway)
        await sending.control("POST", "deliveries", {"order": order})
        assert receiver.types() == (CARD_PAYMENT if order == "oldest_first" else CARD_PAYMENT[::-1])

    async def test_in_any_order_that_is_the_same_each_time(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway
    ) -> None:
        await sending.rule("hold", events=4)
        await sending.a_payment(gateway)
        expected = CARD_PAYMENT.copy()
        random.Random(7).shuffle(expected)
        await sending.control("POST", "deliveries", {"order": "shuffled", "seed": 7})
        assert receiver.types() == expected

    async def test_again_after_they_were_taken(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway
    ) -> None:
        await sending.rule("hold", events=4)
        await sending.a_payment(gateway)
        last = (await sending.deliveries())[-1]["event"]
        await sending.control("POST", "deliveries", {"events": [last], "times": 3})
        assert receiver.types() == ["checkout.session.completed"] * 3

    async def test_rules_can_be_taken_back(self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway) -> None:
        await sending.rule("drop", events=100)
        await sending.control("DELETE", "event-rules")
        await sending.a_payment(gateway)
        await receiver.wait_for(4)

    async def test_a_replayed_webhook_is_refused_once_it_is_old(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway
    ) -> None:
        await sending.a_payment(gateway)
        await receiver.wait_for(4)
        later = sending.gateway(now=lambda: datetime.now(UTC) + timedelta(seconds=302))
        with pytest.raises(SignatureRefused):
            later.read_event(*receiver.arrived[0])
        await later.close()


class TestPollingFindsEverything:
    async def test_oldest_first_and_only_what_matters(self, sending: Sandbox, gateway: StripeGateway) -> None:
        before = datetime.now(UTC)
        opened = await gateway.open_checkout(a_request())
        await sending.pay(opened)
        paid = await gateway.checkout(opened.id)
        assert paid.payment is not None
        refund = await gateway.refund(paid.payment, 100, key="r")
        found = await gateway.events_since(before)
        assert [(event.type, event.object_id) for event in found] == [
            ("checkout.session.completed", opened.id),
            ("refund.created", refund.id),
        ]
        assert all(json.loads(event.body)["id"] == event.id for event in found)

    async def test_more_than_fit_a_page(self, sending: Sandbox, gateway: StripeGateway) -> None:
        before = datetime.now(UTC)
        payment = await sending.a_payment(gateway)
        form = f"payment_intent={payment}&amount=1"
        await asyncio.gather(*(sending.api("POST", "/v1/refunds", form) for _ in range(105)))
        found = await gateway.events_since(before)
        assert len(found) == len({event.id for event in found}) == 106
        assert [event.created_at for event in found] == sorted(event.created_at for event in found)

    async def test_nothing_from_before(self, sending: Sandbox, gateway: StripeGateway) -> None:
        await sending.a_payment(gateway)
        await sending.advance(timedelta(hours=1))
        assert await gateway.events_since(datetime.now(UTC) + timedelta(minutes=30)) == []

    async def test_the_same_ids_as_the_webhooks(
        self, sending: Sandbox, receiver: Receiver, gateway: StripeGateway
    ) -> None:
        before = datetime.now(UTC)
        await sending.a_payment(gateway)
        await receiver.wait_for(4)
        polled = {event.id for event in await gateway.events_since(before)}
        assert polled <= {event.id for event in receiver.events(gateway)}
        assert len(polled) == 1


class TestTheSandboxSurvivesAKill:
    async def test_with_its_books_its_keys_and_its_queue(self, tmp_path: Path) -> None:
        async with a_receiver() as receiver, plain_http() as http:
            process = SandboxProcess(tmp_path, receiver.url, http)
            running = await process.start()
            gateway = running.gateway()
            try:
                await running.rule("delay", events=4, seconds=3600)
                request = a_request()
                opened = await gateway.open_checkout(request)
                await running.pay(opened)
                paid = await gateway.checkout(opened.id)
                assert paid.payment is not None
                await process.kill()

                running = await process.start()
                assert await gateway.checkout(opened.id) == paid
                assert (await gateway.open_checkout(request)).id == opened.id
                assert receiver.arrived == []
                await running.advance(timedelta(hours=2))
                await receiver.wait_for(4)
                assert sorted(receiver.types()) == sorted(CARD_PAYMENT)
            finally:
                await process.kill()
                await gateway.close()

    async def test_between_the_answer_and_the_effect_nothing_is_lost(self, tmp_path: Path) -> None:
        async with a_receiver() as receiver, plain_http() as http:
            process = SandboxProcess(tmp_path, receiver.url, http)
            running = await process.start()
            gateway = running.gateway()
            try:
                payment = await running.a_payment(gateway)
                for turn in range(2):
                    refund = await gateway.refund(payment, 100, key=f"r{turn}")
                    await process.kill()
                    running = await process.start()
                    assert await gateway.refund(payment, 100, key=f"r{turn}") == refund
                charge = (await running.api("GET", f"/v1/payment_intents/{payment}?expand[]=latest_charge")).json()
                assert charge["latest_charge"]["amount_refunded"] == 200
            finally:
                await process.kill()
                await gateway.close()
