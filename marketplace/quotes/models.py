"""Prices held for a while, with the units they are for."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Quote(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    state: fields.Field[str] = fields.CharField(16)
    footprint_id: fields.Field[str | None] = fields.CharField(64, null=True)
    tonnes: fields.Field[int] = fields.BigIntField()
    credits_yen: fields.Field[int] = fields.BigIntField()
    fee_yen: fields.Field[int] = fields.BigIntField()
    tax_yen: fields.Field[int] = fields.BigIntField()
    total_yen: fields.Field[int] = fields.BigIntField()
    terms: fields.Field[str] = fields.TextField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "quote"


class QuoteLine(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    quote_id: fields.Field[str] = fields.CharField(64)
    listing_id: fields.Field[str] = fields.CharField(64)
    tonnes: fields.Field[int] = fields.BigIntField()
    yen_per_tonne: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "quote_line"
