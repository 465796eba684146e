"""A buyer's purchase, from the quote it rests on to its certificate or refund."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from marketplace.orders.states import OrderState


class Order(Model):
    """`instruction` is the frozen JSON of orders/instruction.py; `consent` what the buyer agreed to, when, in which words.

    `form_key` is that of the form with which a page placed it; whoever has it may be led to the order.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    access_token: fields.Field[str] = fields.CharField(64)
    quote_id: fields.Field[str] = fields.CharField(64)
    external_id: fields.Field[str | None] = fields.CharField(300, null=True)
    form_key: fields.Field[str | None] = fields.CharField(64, null=True)
    state: fields.Field[str] = fields.CharField(20)
    locale: fields.Field[str] = fields.CharField(8)
    email: fields.Field[str | None] = fields.CharField(320, null=True)
    total_yen: fields.Field[int] = fields.BigIntField()
    instruction: fields.Field[str] = fields.TextField()
    consent: fields.Field[str] = fields.TextField()
    pay_until: fields.Field[datetime] = fields.DatetimeField()
    checkout_session: fields.Field[str | None] = fields.CharField(255, null=True)
    checkout_url: fields.Field[str | None] = fields.CharField(2000, null=True)
    certificate_number: fields.Field[str | None] = fields.CharField(64, null=True)
    refund_reason: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "buyer_order"

    @property
    def pay_url(self) -> str | None:
        """The payment page, as long as the order waits for its payment."""
        return self.checkout_url if self.state == OrderState.AWAITING_PAYMENT else None


class OrderKey(Model):
    """The Idempotency-Key of an organisation's order whose `external_id` is another text."""

    order_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    idempotency_key: fields.Field[str] = fields.CharField(200)

    class Meta:
        table = "order_key"


class OrderEvent(Model):
    """One line of the order's time line; append-only."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    order_id: fields.Field[str] = fields.CharField(64)
    kind: fields.Field[str] = fields.TextField()
    detail: fields.Field[str] = fields.TextField()
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "order_event"


class Shortfall(Model):
    """A part of a paid order that could not be cancelled. `retirement_id` is the refusal that this stands for; `reason` is registry_refused or partly_confirmed."""

    retirement_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    quote_line_id: fields.Field[str] = fields.CharField(64)
    tonnes: fields.Field[int] = fields.BigIntField()
    reason: fields.Field[str] = fields.CharField(32)
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "order_shortfall"


class CertifiedPart(Model):
    """A confirmed retirement whose certificate was issued ahead of the rest of its order.

    `part` counts these certificates of the order from 1; several retirements may share one.
    """

    retirement_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    part: fields.Field[int] = fields.IntField()
    number: fields.Field[str] = fields.CharField(32)
    certified_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "certified_part"
