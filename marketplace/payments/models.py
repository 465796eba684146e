"""Captured money, money given back, and every verified event of the payment provider."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Payment(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    provider_payment: fields.Field[str] = fields.CharField(255)
    amount_yen: fields.Field[int] = fields.BigIntField()
    captured_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "payment"


class RefundRecord(Model):
    """Money given back: all of a payment or a part of it, in the states of payments/refund_states.py.

    `borne_by`: "order" while the order's money is still untouched; after the sale "service" (our loss) or "providers".
    `to_balance_of` is None if the money goes back the way it came, else the buyer whose prepaid balance it joins.
    `failure` is the payment provider's code for why the last attempt failed.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    payment_id: fields.Field[str] = fields.CharField(64)
    key: fields.Field[str] = fields.CharField(255)
    amount_yen: fields.Field[int] = fields.BigIntField()
    reason: fields.Field[str] = fields.TextField()
    borne_by: fields.Field[str] = fields.CharField(16)
    to_balance_of: fields.Field[str | None] = fields.CharField(64, null=True)
    state: fields.Field[str] = fields.CharField(16)
    attempt: fields.Field[int] = fields.BigIntField(default=1)
    failure: fields.Field[str | None] = fields.CharField(255, null=True)
    requested_at: fields.Field[datetime] = fields.DatetimeField()
    decided_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "refund"


class DisputeRecord(Model):
    """A card owner's objection, as the provider last told it. `changes` counts its moves, so that each is booked once."""

    id: fields.Field[str] = fields.CharField(255, primary_key=True)
    payment_id: fields.Field[str] = fields.CharField(64)
    amount_yen: fields.Field[int] = fields.BigIntField()
    reason: fields.Field[str] = fields.TextField()
    state: fields.Field[str] = fields.CharField(16)
    changes: fields.Field[int] = fields.BigIntField(default=0)
    answer_by: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    opened_at: fields.Field[datetime] = fields.DatetimeField()
    changed_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "dispute"


class EarlyNews(Model):
    """A refund or dispute of a payment that is not on our books yet."""

    object_id: fields.Field[str] = fields.CharField(255, primary_key=True)
    subject: fields.Field[str] = fields.CharField(16)
    provider_payment: fields.Field[str] = fields.CharField(255)
    seen_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "early_payment_news"


class PrepaidPayment(Model):
    """Marks a payment that was made from a prepaid balance, and says whose."""

    payment_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    buyer: fields.Field[str] = fields.CharField(64)

    class Meta:
        table = "prepaid_payment"


class PaymentEventRecord(Model):
    """The inbox: the provider's event id is the primary key, so an event counts once, for ever."""

    id: fields.Field[str] = fields.CharField(255, primary_key=True)
    type: fields.Field[str] = fields.TextField()
    object_id: fields.Field[str] = fields.TextField()
    body: fields.Field[bytes] = fields.BinaryField()
    created_at: fields.Field[datetime] = fields.DatetimeField()
    received_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "payment_event"


class HeardInvoice(Model):
    """A paid invoice of a plan, on its way to its month. `made_at` only says where the provider's list has it; a worker holds it
    until `taken_until`."""

    invoice: fields.Field[str] = fields.CharField(255, primary_key=True)
    made_at: fields.Field[datetime] = fields.DatetimeField()
    heard_at: fields.Field[datetime] = fields.DatetimeField()
    taken_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    settled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "heard_plan_invoice"


class PaymentPoll(Model):
    """One row: every event the provider recorded before `polled_until` has been asked for."""

    id: fields.Field[int] = fields.IntField(primary_key=True, generated=False)
    polled_until: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "payment_poll"
