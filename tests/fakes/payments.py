"""A payment provider in memory: what Stripe would remember, with the buyer's actions as methods."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.payments.gateway import (
    Checkout,
    CheckoutRequest,
    PaymentEvent,
    PaymentProviderUnreachable,
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
        self.unreachable = 0

    def _answer(self) -> None:
        if self.unreachable:
            self.unreachable -= 1
            raise PaymentProviderUnreachable("asked to be")

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
        return self.sessions[session_id]

    async def expire_checkout(self, session_id: str) -> Checkout:
        self._answer()
        if self.sessions[session_id].state is PaymentState.OPEN:
            self._change(session_id, "checkout.session.expired", state=PaymentState.EXPIRED)
        return self.sessions[session_id]

    async def refund(self, payment: str, amount: int, *, key: str) -> Refund:
        self._answer()
        if key not in self.refunds:
            self.refunds[key] = Refund(f"re_{len(self.refunds) + 1}", payment, amount, "succeeded")
        return self.refunds[key]

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        return [event for event in self.events if event.created_at >= moment]

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        if signature != "good":
            raise SignatureRefused("not signed")
        return next(event for event in self.events if event.id == json.loads(body)["id"])

    def pay(self, session_id: str) -> PaymentEvent:
        """The buyer pays; returns the event whose webhook the test delivers, or loses."""
        assert self.sessions[session_id].state is PaymentState.OPEN, "an expired page takes no money"
        return self._change(
            session_id, "checkout.session.completed", state=PaymentState.PAID, payment=f"pi_{session_id}"
        )

    def _change(self, session_id: str, event_type: str, **changes: object) -> PaymentEvent:
        self.sessions[session_id] = replace(self.sessions[session_id], **changes)
        event_id = f"evt_{len(self.events) + 1}"
        event = PaymentEvent(event_id, event_type, self.clock(), session_id, json.dumps({"id": event_id}).encode())
        self.events.append(event)
        return event
