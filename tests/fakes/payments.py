"""A payment provider in memory: what Stripe would remember, with the buyer's actions as methods."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.payments.gateway import (
    Checkout,
    CheckoutRequest,
    Dispute,
    DisputeState,
    PaymentEvent,
    PaymentMethod,
    PaymentProviderUnreachable,
    PaymentRefused,
    PaymentState,
    Refund,
    SignatureRefused,
)


class FakePayments:
    def __init__(self, clock) -> None:
        self.clock = clock
        self.sessions: dict[str, Checkout] = {}
        self.session_of_key: dict[str, str] = {}
        self.refunds: dict[str, Refund] = {}
        self.events: list[PaymentEvent] = []
        self.disputes: dict[str, Dispute] = {}
        self.not_by_card: set[str] = set()
        self.plan_sessions: set[str] = set()
        self.unreachable = 0
        self.refusal: str | None = None

    def _answer(self) -> None:
        if self.unreachable:
            self.unreachable -= 1
            raise PaymentProviderUnreachable("asked to be")
        if self.refusal:
            raise PaymentRefused(self.refusal, "asked to")

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        self._answer()
        if request.key not in self.session_of_key:
            session = f"cs_{len(self.sessions) + 1}"
            self.session_of_key[request.key] = session
            self.sessions[session] = Checkout(
                id=session,
                url=f"https://pay.example/{session}",
                order_id=request.order_id,
                state=PaymentState.OPEN,
                amount=sum(line.amount for line in request.lines),
                currency=request.currency,
                payment=None,
            )
        return self.sessions[self.session_of_key[request.key]]

    async def checkout(self, session_id: str) -> Checkout:
        self._answer()
        if session_id in self.plan_sessions:
            raise PaymentRefused("checkout_is_a_plan", session_id)
        return self.sessions[session_id]

    async def expire_checkout(self, session_id: str) -> Checkout:
        self._answer()
        if self.sessions[session_id].state is PaymentState.OPEN:
            self._change(session_id, "checkout.session.expired", state=PaymentState.EXPIRED)
        return self.sessions[session_id]

    async def refund(self, payment: str, amount: int, *, key: str) -> Refund:
        self._answer()
        if key not in self.refunds:
            state = "requires_action" if payment in self.not_by_card else "succeeded"
            self.refunds[key] = Refund(f"re_{len(self.refunds) + 1}", payment, amount, state, key)
        return self.refunds[key]

    async def refund_by_id(self, refund_id: str) -> Refund:
        self._answer()
        return next(refund for refund in self.refunds.values() if refund.id == refund_id)

    async def dispute(self, dispute_id: str) -> Dispute:
        self._answer()
        return self.disputes[dispute_id]

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        return [event for event in self.events if event.created_at >= moment]

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        if signature != "good":
            raise SignatureRefused("not signed")
        return self.events[int(json.loads(body)["id"].removeprefix("evt_")) - 1]

    def pay(self, session_id: str) -> PaymentEvent:
        """The buyer pays; returns the event whose webhook the test delivers, or loses."""
        assert self.sessions[session_id].state is PaymentState.OPEN, "an expired page takes no money"
        return self._change(
            session_id, "checkout.session.completed", state=PaymentState.PAID, payment=f"pi_{session_id}"
        )

    def promise(self, session_id: str, method: PaymentMethod, *, pay_by: datetime | None = None) -> PaymentEvent:
        """The buyer chose a store or a bank transfer; the money comes with `arrive`, or never."""
        assert self.sessions[session_id].state is PaymentState.OPEN, "a promise is made on an open page"
        return self._change(
            session_id,
            "checkout.session.completed",
            state=PaymentState.PENDING,
            method=method,
            pay_by=pay_by,
            instructions_url=f"https://pay.example/how/{session_id}",
        )

    def arrive(self, session_id: str) -> PaymentEvent:
        """Promised money arrives."""
        self.not_by_card.add(f"pi_{session_id}")
        return self._change(
            session_id,
            "checkout.session.async_payment_succeeded",
            state=PaymentState.PAID,
            payment=f"pi_{session_id}",
            method=None,
            pay_by=None,
            instructions_url=None,
        )

    def lapse(self, session_id: str) -> PaymentEvent:
        """The store's last moment has passed."""
        return self._change(session_id, "checkout.session.async_payment_failed", state=PaymentState.FAILED)

    def decide_refund(self, refund_id: str, state: str) -> PaymentEvent:
        """The bank of a buyer has spoken."""
        key = next(key for key, refund in self.refunds.items() if refund.id == refund_id)
        self.refunds[key] = replace(self.refunds[key], state=state)
        return self._event("refund.updated", refund_id)

    def refund_by_hand(self, payment: str, amount: int) -> PaymentEvent:
        """Somebody gives money back on the provider's own pages."""
        refund = Refund(f"re_{len(self.refunds) + 1}", payment, amount, "succeeded")
        self.refunds[refund.id] = refund
        return self._event("refund.created", refund.id)

    def object_to(self, payment: str, amount: int, state: DisputeState = DisputeState.WITHDRAWN) -> PaymentEvent:
        """The card's owner disputes the payment."""
        dispute = Dispute(f"dp_{len(self.disputes) + 1}", payment, amount, "JPY", "fraudulent", state, None)
        self.disputes[dispute.id] = dispute
        return self._event("charge.dispute.created", dispute.id)

    def decide_dispute(self, dispute_id: str, state: DisputeState) -> PaymentEvent:
        self.disputes[dispute_id] = replace(self.disputes[dispute_id], state=state)
        return self._event("charge.dispute.closed", dispute_id)

    def _change(self, session_id: str, event_type: str, **changes: object) -> PaymentEvent:
        self.sessions[session_id] = replace(self.sessions[session_id], **changes)
        return self._event(event_type, session_id)

    def _event(self, event_type: str, object_id: str, made_at: datetime | None = None) -> PaymentEvent:
        event_id = f"evt_{len(self.events) + 1}"
        body = json.dumps({"id": event_id}).encode()
        event = PaymentEvent(event_id, event_type, self.clock(), object_id, body, made_at)
        self.events.append(event)
        return event
