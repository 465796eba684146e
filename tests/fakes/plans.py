"""Subscriptions in memory: a payment provider that charges each month by itself, with the card's moods as methods."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from marketplace.payments.gateway import PaymentEvent, PaymentRefused, PaymentState
from marketplace.payments.plan_gateway import (
    InvoiceState,
    PlanCheckout,
    PlanInvoice,
    PlanRequest,
    PlanState,
    Subscription,
)
from marketplace.payments.sandbox.billing_month import next_boundary

RETRY_AFTER = (timedelta(days=3), timedelta(days=5), timedelta(days=7))


@dataclass
class Charged:
    """What the provider keeps of a subscription beside what it tells."""

    anchor: datetime
    card_works: bool = True


class FakePlans:
    """Events of every change are kept in `payments.events`, as the provider would list them."""

    def __init__(self, clock, payments) -> None:
        self.clock, self.payments = clock, payments
        self.checkouts: dict[str, PlanCheckout] = {}
        self.requests: dict[str, PlanRequest] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.charged: dict[str, Charged] = {}
        self.invoices: dict[str, PlanInvoice] = {}
        self.calls: list[tuple[str, str]] = []

    def _answer(self, call: str, about: str) -> None:
        self.payments._answer()
        self.calls.append((call, about))

    async def open_plan(self, request: PlanRequest) -> PlanCheckout:
        self._answer("open_plan", request.plan_id)
        session = f"cs_plan_{request.key}"
        if session not in self.checkouts:
            self.payments.plan_sessions.add(session)
            self.requests[session] = request
            self.checkouts[session] = PlanCheckout(
                session, f"https://pay.example/{session}", request.plan_id, PaymentState.OPEN, None
            )
        return self.checkouts[session]

    async def plan_checkout(self, session_id: str) -> PlanCheckout:
        self._answer("plan_checkout", session_id)
        return self.checkouts[session_id]

    async def subscription(self, subscription_id: str) -> Subscription:
        self._answer("subscription", subscription_id)
        return self.subscriptions[subscription_id]

    async def invoice(self, invoice_id: str) -> PlanInvoice:
        self._answer("invoice", invoice_id)
        if invoice_id not in self.invoices:
            raise PaymentRefused("invoice_not_ours", invoice_id)
        return self.invoices[invoice_id]

    async def paid_invoices(self, since: datetime, until: datetime, *, most: int) -> list[PlanInvoice]:
        self._answer("paid_invoices", f"{since}/{until}")
        looked_at = sorted(
            (one for one in self.invoices.values() if since <= one.period_start <= until),
            key=lambda one: one.period_start,
            reverse=True,
        )
        return [one for one in looked_at[:most] if one.state is InvoiceState.PAID]

    async def change_amount(self, subscription_id: str, monthly_amount: int) -> Subscription:
        return self._set("change_amount", subscription_id, monthly_amount=monthly_amount)

    async def pause(self, subscription_id: str) -> Subscription:
        return self._set("pause", subscription_id, state=PlanState.PAUSED)

    async def resume(self, subscription_id: str) -> Subscription:
        return self._set("resume", subscription_id, state=PlanState.ACTIVE)

    async def end_with_month(self, subscription_id: str) -> Subscription:
        return self._set("end_with_month", subscription_id, ends_then=True)

    async def end_now(self, subscription_id: str) -> Subscription:
        self._answer("end_now", subscription_id)
        return self._end(subscription_id)

    async def card_page(self, customer_id: str, *, return_url: str, locale: str) -> str:
        self._answer("card_page", customer_id)
        return f"https://pay.example/card/{customer_id}"

    def _set(self, call: str, subscription_id: str, **changes: object) -> Subscription:
        self._answer(call, subscription_id)
        if self.subscriptions[subscription_id].state is PlanState.ENDED:
            raise PaymentRefused("resource_missing", subscription_id)
        return self._change(subscription_id, **changes)

    def _change(self, subscription_id: str, **changes: object) -> Subscription:
        self.subscriptions[subscription_id] = replace(self.subscriptions[subscription_id], **changes)
        self.payments._event("customer.subscription.updated", subscription_id)
        return self.subscriptions[subscription_id]

    def _end(self, subscription_id: str) -> Subscription:
        known = self.subscriptions[subscription_id]
        if known.state is not PlanState.ENDED:
            self.subscriptions[subscription_id] = replace(known, state=PlanState.ENDED)
            self.payments._event("customer.subscription.deleted", subscription_id)
        return self.subscriptions[subscription_id]

    def pay(self, session_id: str) -> list[PaymentEvent]:
        """The person enters a card that works; returns the events, in the provider's order."""
        request, number = self.requests[session_id], len(self.subscriptions) + 1
        anchor = self.clock()
        subscription = f"sub_{number}"
        self.charged[subscription] = Charged(anchor)
        self.subscriptions[subscription] = Subscription(
            id=subscription,
            plan_id=request.plan_id,
            customer=f"cus_{number}",
            state=PlanState.ACTIVE,
            monthly_amount=request.monthly_amount,
            currency=request.currency,
            period_start=anchor,
            period_end=_boundary(anchor, anchor),
            ends_then=False,
        )
        before = len(self.payments.events)
        self._bill(subscription)
        self.checkouts[session_id] = replace(
            self.checkouts[session_id], state=PaymentState.PAID, subscription=subscription
        )
        self.payments._event("checkout.session.completed", session_id)
        return self.payments.events[before:]

    def expire(self, session_id: str) -> PaymentEvent:
        self.checkouts[session_id] = replace(self.checkouts[session_id], state=PaymentState.EXPIRED)
        return self.payments._event("checkout.session.expired", session_id)

    def end_there(self, subscription_id: str) -> PaymentEvent:
        """Somebody ends the subscription on the provider's own pages."""
        self._end(subscription_id)
        return self.payments.events[-1]

    def pass_time(self) -> list[PaymentEvent]:
        """Let everything happen that is due at the clock's time; returns the events."""
        before = len(self.payments.events)
        for subscription in list(self.subscriptions):
            while self._renew(subscription) or self._retry(subscription):
                continue
        return self.payments.events[before:]

    def _renew(self, subscription_id: str) -> bool:
        known = self.subscriptions[subscription_id]
        if known.state is PlanState.ENDED or known.period_end > self.clock():
            return False
        start = known.period_end
        self._change(
            subscription_id, period_start=start, period_end=_boundary(self.charged[subscription_id].anchor, start)
        )
        self._bill(subscription_id)
        return True

    def _bill(self, subscription_id: str) -> None:
        known = self.subscriptions[subscription_id]
        invoice = f"in_{len(self.invoices) + 1}"
        self.invoices[invoice] = PlanInvoice(
            id=invoice,
            subscription=subscription_id,
            plan_id=known.plan_id,
            state=InvoiceState.VOID if known.state is PlanState.PAUSED else InvoiceState.OPEN,
            amount=known.monthly_amount,
            currency=known.currency,
            period_start=known.period_start,
            period_end=known.period_end,
            payment=None,
            attempts=0,
            next_attempt=None,
        )
        self.subscriptions[subscription_id] = replace(known, latest_invoice=invoice)
        if known.state is PlanState.PAUSED:
            self.payments._event("invoice.voided", invoice)
        else:
            self._charge(invoice, at=known.period_start)

    def _charge(self, invoice_id: str, *, at: datetime) -> None:
        invoice = self.invoices[invoice_id]
        if self.charged[invoice.subscription].card_works:
            self.invoices[invoice_id] = replace(
                invoice,
                state=InvoiceState.PAID,
                payment=f"pi_{invoice_id}",
                attempts=invoice.attempts + 1,
                next_attempt=None,
            )
            self.payments._event("invoice.paid", invoice_id, invoice.period_start)
            if self.subscriptions[invoice.subscription].state is PlanState.PAST_DUE:
                self._change(invoice.subscription, state=PlanState.ACTIVE)
            return
        again = at + RETRY_AFTER[invoice.attempts] if invoice.attempts < len(RETRY_AFTER) else None
        self.invoices[invoice_id] = replace(invoice, attempts=invoice.attempts + 1, next_attempt=again)
        self.payments._event("invoice.payment_failed", invoice_id)
        if again is None:
            self._end(invoice.subscription)
        elif self.subscriptions[invoice.subscription].state is PlanState.ACTIVE:
            self._change(invoice.subscription, state=PlanState.PAST_DUE)

    def _retry(self, subscription_id: str) -> bool:
        known = self.subscriptions[subscription_id]
        for invoice in list(self.invoices.values()):
            due = invoice.next_attempt
            if invoice.subscription == subscription_id and due is not None and due <= self.clock():
                if known.state is PlanState.ENDED:
                    self.invoices[invoice.id] = replace(invoice, next_attempt=None)
                else:
                    self._charge(invoice.id, at=due)
                return True
        return False


def _boundary(anchor: datetime, after: datetime) -> datetime:
    return datetime.fromtimestamp(next_boundary(int(anchor.timestamp()), int(after.timestamp())), anchor.tzinfo)
