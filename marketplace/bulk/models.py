"""Activity files that are computed in the background."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class BulkState(StrEnum):
    """`refused`: the file cannot be used, `result` says why. `failed`: the computation did not end; the fault is ours."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


UNDER_WAY = (BulkState.RECEIVING, BulkState.WAITING, BulkState.RUNNING)


class BulkFile(StrEnum):
    SOURCE = "source"
    TOTALS = "totals"
    REJECTED = "rejected"


class BulkRun(Model):
    """The id cannot be guessed: knowing it is the right to read it. `result` is what offset_calc.bulk.files writes as result.json.

    While a worker computes, it renews `worked_on_until`, and `token` tells it from one that thought it dead.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str | None] = fields.CharField(64, null=True)
    file_name: fields.Field[str] = fields.CharField(200)
    bytes: fields.Field[int] = fields.BigIntField()
    state: fields.Field[str] = fields.CharField(16)
    received_at: fields.Field[datetime] = fields.DatetimeField()
    started_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    finished_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    worked_on_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    token: fields.Field[str | None] = fields.CharField(64, null=True)
    attempts: fields.Field[int] = fields.IntField(default=0)
    result: fields.Field[str | None] = fields.CharField(100_000_000, null=True)
    expires_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "bulk_run"
