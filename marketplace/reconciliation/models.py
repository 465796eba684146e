"""Comparisons that were made, the differences they found, and what people did about them."""

from datetime import date, datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class CaseState(StrEnum):
    """`gone`: a later comparison did not find the difference any more. Nobody can close a case without a word."""

    OPEN = "open"
    TAKEN = "taken"
    EXPLAINED = "explained"
    GONE = "gone"


class ComparisonRecord(Model):
    """`reason` says why nothing could be compared, for instance holdings_are_imported."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    account: fields.Field[str] = fields.TextField()
    source: fields.Field[str] = fields.CharField(16)
    state: fields.Field[str] = fields.CharField(16)
    reason: fields.Field[str | None] = fields.CharField(200, null=True)
    differences: fields.Field[int] = fields.BigIntField()
    started_at: fields.Field[datetime] = fields.DatetimeField()
    compared_on: fields.Field[date] = fields.DateField()

    class Meta:
        table = "reconciliation_run"


class CaseRecord(Model):
    """One difference about one run of serials. `ours` and `theirs` are JSON lists of what each side says."""

    key: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    account: fields.Field[str] = fields.TextField()
    block: fields.Field[str] = fields.TextField()
    first_serial: fields.Field[int] = fields.BigIntField()
    last_serial: fields.Field[int] = fields.BigIntField()
    code: fields.Field[str] = fields.CharField(64)
    gravity: fields.Field[int] = fields.BigIntField()
    ours: fields.Field[str] = fields.TextField()
    theirs: fields.Field[str] = fields.TextField()
    state: fields.Field[str] = fields.CharField(16)
    owner: fields.Field[str | None] = fields.CharField(64, null=True)
    first_seen: fields.Field[datetime] = fields.DatetimeField()
    last_seen: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "reconciliation_case"


class CaseNote(Model):
    """`author` is the id of whoever acted, or "service"."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    case_key: fields.Field[str] = fields.CharField(64)
    author: fields.Field[str] = fields.CharField(64)
    act: fields.Field[str] = fields.CharField(16)
    text: fields.Field[str | None] = fields.CharField(2000, null=True)
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "reconciliation_note"
