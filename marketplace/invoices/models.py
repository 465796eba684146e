"""Numbered documents, and the sellers for whom the service invoices."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model


class InvoiceRecord(Model):
    """One number of a series without gaps; immutable. `content` is the JSON of invoices/content.py."""

    number: fields.Field[str] = fields.CharField(32, primary_key=True)
    kind: fields.Field[str] = fields.CharField(16)
    year: fields.Field[int] = fields.BigIntField()
    sequence: fields.Field[int] = fields.BigIntField()
    order_id: fields.Field[str] = fields.CharField(64)
    refund_id: fields.Field[str | None] = fields.CharField(64, null=True)
    content: fields.Field[str] = fields.TextField()
    issued_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "invoice"


class SellerRegistration(Model):
    """A provider that is registered for qualified invoices and agreed that the service invoices for it."""

    provider_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registration_number: fields.Field[str] = fields.CharField(14)
    agreed_on: fields.Field[date] = fields.DateField()

    class Meta:
        table = "seller_registration"
