"""What the market asks of a payment provider. Amounts are integer minor units of `currency`; JPY has none, so yen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class PaymentState(StrEnum):
    """What the provider says of one checkout. `PENDING` is money promised but not there yet (konbini, bank transfer)."""

    OPEN = "open"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"


class PaymentMethod(StrEnum):
    """How a buyer may pay. All but the card make a checkout `PENDING` first: the money comes days later, or never."""

    CARD = "card"
    KONBINI = "konbini"
    BANK_TRANSFER = "bank_transfer"


@dataclass(frozen=True, slots=True)
class CheckoutLine:
    """One line of the hosted payment page; `amount` is the line's total with tax."""

    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """`key` is the idempotency key (the order id): the same key always opens the same session.

    `expires_at` lies 30 minutes to 24 hours after the moment of the call; the provider refuses anything else. It is part
    of what the key stands for, so a repeated call carries the same moment. Close a session sooner with `expire_checkout`.
    A bank transfer needs `email`, which the provider sends the account number to. A buyer who chose the convenience store
    can pay there until 23:59:59 Japan time, `konbini_days` (1 to 60) days after that day; a bank transfer has no last
    day. A method that the amount does
    not allow (konbini: 120 to 300,000 yen) is left out by the provider, and a checkout without any is refused.
    """

    key: str
    order_id: str
    currency: str
    lines: Sequence[CheckoutLine]
    success_url: str
    cancel_url: str
    locale: str
    expires_at: datetime
    email: str | None = None
    methods: Sequence[PaymentMethod] = (PaymentMethod.CARD,)
    konbini_days: int = 3


@dataclass(frozen=True, slots=True)
class Checkout:
    """The provider's session. `payment` is the provider's id of the captured money, once there is any.

    While it is `PENDING`: `method` is what the buyer chose, `instructions_url` where the buyer reads how to pay, and
    `pay_by` the last moment of a convenience store; a bank transfer has none.
    """

    id: str
    url: str | None
    order_id: str
    state: PaymentState
    amount: int
    currency: str
    payment: str | None
    instructions_url: str | None = None
    method: PaymentMethod | None = None
    pay_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """`state` is the provider's word: succeeded, failed, canceled, pending, or requires_action.

    Money that did not come by card goes back to a bank account that the provider asks the buyer for: `requires_action`
    until the buyer answers. Even a refund that has succeeded may fail later, when the bank sends the money back.
    `key` is the one that we gave it; None if somebody made it on the provider's own pages.
    """

    id: str
    payment: str
    amount: int
    state: str
    key: str | None = None


class DisputeState(StrEnum):
    """What a dispute means for the money: only asked about, taken back for now, ours again, or lost."""

    INQUIRY = "inquiry"
    WITHDRAWN = "withdrawn"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Dispute:
    """A card's owner objects to a payment. `answer_by` is the last moment for evidence, which a person sends."""

    id: str
    payment: str
    amount: int
    currency: str
    reason: str
    state: DisputeState
    answer_by: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """One verified webhook. `id` is unique for ever; events come late, twice and in any order.

    `object_id` names what to read again (events.interpret says as what); it is empty for the few events about nothing
    that has an id, such as the provider's balance. `body` is the signed text of a webhook, or the same event as listed.
    `about_made_at` is when that object was made, if the event says so: where to look for it, and nothing to believe.
    """

    id: str
    type: str
    created_at: datetime
    object_id: str
    body: bytes = field(repr=False)
    about_made_at: datetime | None = None


class SignatureRefused(Exception):
    """The webhook was not signed by the provider with a current secret, or is too old."""

    code = "webhook_signature_refused"


class PaymentProviderUnreachable(Exception):
    """No answer or a passing failure; the same call with the same key may be repeated."""

    code = "payment_provider_unreachable"


class PaymentRefused(Exception):
    """The provider refused the call for good; `reason` is its stable code."""

    code = "payment_refused"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class PaymentGateway(Protocol):
    """Raises PaymentProviderUnreachable or PaymentRefused."""

    async def open_checkout(self, request: CheckoutRequest) -> Checkout: ...

    async def checkout(self, session_id: str) -> Checkout: ...

    async def expire_checkout(self, session_id: str) -> Checkout:
        """Close an open session so that it can no longer be paid; returns its state, which may turn out to be paid."""
        ...

    async def refund(self, payment: str, amount: int, *, key: str) -> Refund:
        """Give back `amount`, once per `key` for ever: the provider forgets keys, so its refunds are read first."""
        ...

    async def refund_by_id(self, refund_id: str) -> Refund:
        """The refund as the provider knows it now; it may still fail after it was first called a success."""
        ...

    async def dispute(self, dispute_id: str) -> Dispute: ...

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        """All that matters to us since `moment` (inclusive), oldest first: what lost webhooks would have said.

        The provider counts whole seconds and lists with a delay, so ask from a little before the last answer; the inbox
        takes each id once.
        """
        ...

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        """Verify and read a webhook; raises SignatureRefused."""
        ...
