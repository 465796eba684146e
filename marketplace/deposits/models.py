"""A deposit, from the payment page to the money."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class DepositState(StrEnum):
    """Money that comes after a deposit has lapsed is still taken in."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    LAPSED = "lapsed"


class Deposit(Model):
    """`email` and `locale` are of the person who pays; `pay_until` moves when the money is promised.

    `external_id` is the number under which the caller began it, the organisation's own and never used twice.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    external_id: fields.Field[str | None] = fields.CharField(300, null=True)
    amount_yen: fields.Field[int] = fields.BigIntField()
    state: fields.Field[str] = fields.CharField(20)
    locale: fields.Field[str] = fields.CharField(8)
    email: fields.Field[str] = fields.CharField(320)
    checkout_session: fields.Field[str | None] = fields.CharField(255, null=True)
    checkout_url: fields.Field[str | None] = fields.CharField(2000, null=True)
    provider_payment: fields.Field[str | None] = fields.CharField(255, null=True)
    pay_until: fields.Field[datetime] = fields.DatetimeField()
    created_at: fields.Field[datetime] = fields.DatetimeField()
    captured_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "balance_deposit"
