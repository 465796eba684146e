"""What the market asks of a payment provider for monthly plans: a card charged each month until the plan ends.

Amounts are integer minor units of `currency`; JPY has none, so yen. As with orders, an event only says what to read again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from marketplace.payments.gateway import PaymentState


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """`key` is the idempotency key; `expires_at` is when the page closes, 30 minutes to 24 hours after the call."""

    key: str
    plan_id: str
    currency: str
    name: str
    monthly_amount: int
    success_url: str
    cancel_url: str
    locale: str
    expires_at: datetime
    email: str | None = None


@dataclass(frozen=True, slots=True)
class PlanCheckout:
    """The page on which a plan is begun. `subscription` is there once its first month is paid."""

    id: str
    url: str | None
    plan_id: str
    state: PaymentState
    subscription: str | None


class PlanState(StrEnum):
    """`PAST_DUE`: the card failed and is tried again on some days; `PAUSED`: months pass without being charged."""

    INCOMPLETE = "incomplete"
    ACTIVE = "active"
    PAUSED = "paused"
    PAST_DUE = "past_due"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Subscription:
    """`period_start` and `period_end` bound the current month; `ends_then` says that no other follows. `latest_invoice` is the id
    of the newest month's."""

    id: str
    plan_id: str
    customer: str
    state: PlanState
    monthly_amount: int
    currency: str
    period_start: datetime
    period_end: datetime
    ends_then: bool
    latest_invoice: str | None = None


class InvoiceState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


@dataclass(frozen=True, slots=True)
class PlanInvoice:
    """One month of a plan. `payment` is the captured money; `next_attempt` when a failed card is tried again."""

    id: str
    subscription: str
    plan_id: str
    state: InvoiceState
    amount: int
    currency: str
    period_start: datetime
    period_end: datetime
    payment: str | None
    attempts: int
    next_attempt: datetime | None


class PlanGateway(Protocol):
    """Raises PaymentProviderUnreachable or PaymentRefused."""

    async def open_plan(self, request: PlanRequest) -> PlanCheckout: ...

    async def plan_checkout(self, session_id: str) -> PlanCheckout: ...

    async def subscription(self, subscription_id: str) -> Subscription: ...

    async def invoice(self, invoice_id: str) -> PlanInvoice: ...

    async def paid_invoices(self, since: datetime, until: datetime, *, most: int) -> Sequence[PlanInvoice]:
        """Paid invoices of plans that were made between these moments, both included: the newest, looking at no more than `most`
        invoices. One call for a hundred, where `invoice` needs a call for each."""
        ...

    async def change_amount(self, subscription_id: str, monthly_amount: int) -> Subscription:
        """From the next month on; the current one stays as it was paid."""
        ...

    async def pause(self, subscription_id: str) -> Subscription: ...

    async def resume(self, subscription_id: str) -> Subscription: ...

    async def end_with_month(self, subscription_id: str) -> Subscription:
        """No other month follows the current one."""
        ...

    async def end_now(self, subscription_id: str) -> Subscription:
        """Nothing is charged or given back any more; a refund is a refund of the month's payment."""
        ...

    async def card_page(self, customer_id: str, *, return_url: str, locale: str) -> str:
        """The address of a page, good for one visit soon, on which the buyer enters another card."""
        ...
