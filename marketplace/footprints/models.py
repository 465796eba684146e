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


class FactorRecall(Model):
    """A factor found to be wrong, and why. `corrected_value` is a decimal text in the factor's unit, None while unknown."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    factor_id: fields.Field[str] = fields.TextField()
    reason: fields.Field[str] = fields.TextField()
    corrected_value: fields.Field[str | None] = fields.CharField(64, null=True)
    recalled_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "factor_recall"


class FootprintDraft(Model):
    """A calculator's form as it was typed, to be continued until it expires. `typed` is a JSON object of texts."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    type: fields.Field[str] = fields.TextField()
    typed: fields.Field[str] = fields.TextField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "footprint_draft"
