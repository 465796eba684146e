"""Our record of one cancellation request and its outcome."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model


class Retirement(Model):
    """`reference` is ours, stored before the registry is asked. `review_reason` stops all automatic steps."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_id: fields.Field[str] = fields.CharField(64)
    interval_id: fields.Field[str] = fields.CharField(64)
    reference: fields.Field[str] = fields.CharField(64)
    state: fields.Field[str] = fields.CharField(16)
    registry: fields.Field[str] = fields.TextField()
    request: fields.Field[str] = fields.TextField()
    submitted_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    decided_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    rejection_reason: fields.Field[str | None] = fields.CharField(2000, null=True)
    review_reason: fields.Field[str | None] = fields.CharField(2000, null=True)
    notice_number: fields.Field[str | None] = fields.CharField(255, null=True)
    recorded_on: fields.Field[date | None] = fields.DateField(null=True)
    notice: fields.Field[str | None] = fields.CharField(100_000, null=True)
    notice_document: fields.Field[bytes | None] = fields.BinaryField(null=True)
    notice_media_type: fields.Field[str | None] = fields.CharField(100, null=True)
    notice_sha256: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "retirement"
