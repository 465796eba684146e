"""Batches of items with codes, and how often each item was looked up. An item has no row before somebody does."""

from datetime import date, datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class BatchState(StrEnum):
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"


class ItemBatch(Model):
    """`tag` stands in the codes, which are made with `secret` (hex, sealed for `id`; see batches.secret_of). `made_on` is a day in
    Japan of the period of cover."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    tag: fields.Field[int] = fields.BigIntField()
    product_id: fields.Field[str] = fields.CharField(64)
    period_id: fields.Field[str] = fields.CharField(64)
    name: fields.Field[str] = fields.CharField(60)
    made_on: fields.Field[date] = fields.DateField()
    items: fields.Field[int] = fields.BigIntField()
    secret: fields.Field[str] = fields.CharField(400)
    sealed_with: fields.Field[str | None] = fields.CharField(64, null=True)
    state: fields.Field[str] = fields.CharField(16)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    withdrawn_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "item_batch"


class ItemScan(Model):
    """How often an item's page was opened on a day in Japan, up to MOST_COUNTED. The table's key is batch, item and day."""

    batch_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    item: fields.Field[int] = fields.BigIntField()
    day: fields.Field[date] = fields.DateField()
    scans: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "item_scan"
