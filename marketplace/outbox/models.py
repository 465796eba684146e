"""The job table: what still has to happen, written in the same transaction as the reason for it."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Job(Model):
    """A job runs at least once. `key` is unique as long as the row stands, so the same reason does not make two jobs; done ones go
    after a while (forgetting.py)."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    kind: fields.Field[str] = fields.TextField()
    key: fields.Field[str] = fields.TextField()
    payload: fields.Field[str] = fields.TextField()
    run_at: fields.Field[datetime] = fields.DatetimeField()
    lease_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    lease_token: fields.Field[str | None] = fields.CharField(64, null=True)
    attempts: fields.Field[int] = fields.BigIntField(default=0)
    done_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    parked_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    error: fields.Field[str | None] = fields.CharField(2000, null=True)

    class Meta:
        table = "job"
