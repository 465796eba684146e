"""Footprints as they were calculated, never changed afterwards."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class StoredFootprint(Model):
    """`document` is the replayable footprint as canonical JSON, `sha256` its hash."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    type: fields.Field[str] = fields.TextField()
    sha256: fields.Field[str] = fields.TextField()
    total_g: fields.Field[int] = fields.BigIntField()
    document: fields.Field[str] = fields.TextField()
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "footprint"
