"""A seller's account at the payment provider, and one payout per seller and order."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class PayoutAccountRecord(Model):
    """`missing` is the JSON list of what the payment provider still wants to know, in its own words."""

    provider_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    account: fields.Field[str] = fields.CharField(255)
    ready: fields.Field[bool] = fields.BooleanField()
    missing: fields.Field[str] = fields.TextField()
    changed_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "payout_account"


class Payout(Model):
    """What a seller earned with an order, tax included. `reduced_yen` is what refunds took off it, before or after.

    `asked_yen` is what the provider was, or is being, asked to send; `failure` its code for why it last refused.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    provider_id: fields.Field[str] = fields.CharField(64)
    order_id: fields.Field[str] = fields.CharField(64)
    amount_yen: fields.Field[int] = fields.BigIntField()
    reduced_yen: fields.Field[int] = fields.BigIntField(default=0)
    state: fields.Field[str] = fields.CharField(16)
    asked_yen: fields.Field[int | None] = fields.BigIntField(null=True)
    transfer: fields.Field[str | None] = fields.CharField(255, null=True)
    failure: fields.Field[str | None] = fields.CharField(255, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    sent_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "payout"
