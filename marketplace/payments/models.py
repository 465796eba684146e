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
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    payment_id: fields.Field[str] = fields.CharField(64)
    provider_refund: fields.Field[str] = fields.CharField(255)
    amount_yen: fields.Field[int] = fields.BigIntField()
    refunded_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "refund"


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


class PaymentPoll(Model):
    """One row: every event the provider recorded before `polled_until` has been asked for."""

    id: fields.Field[int] = fields.IntField(primary_key=True, generated=False)
    polled_until: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "payment_poll"
