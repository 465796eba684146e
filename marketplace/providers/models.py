"""Which files of holdings were brought in, by whom."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class HoldingImport(Model):
    """`imported_by` is an actor's id; `sha256` that of the file, which itself is not kept."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    account_id: fields.Field[str] = fields.CharField(64)
    sha256: fields.Field[str] = fields.CharField(64)
    file_name: fields.Field[str] = fields.CharField(200)
    imported_by: fields.Field[str] = fields.CharField(64)
    imported_at: fields.Field[datetime] = fields.DatetimeField()
    new_rows: fields.Field[int] = fields.BigIntField()
    known_rows: fields.Field[int] = fields.BigIntField()
    refused_rows: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "holding_import"


class CheckedList(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    account_id: fields.Field[str] = fields.CharField(64)
    file_name: fields.Field[str] = fields.CharField(200)
    content: fields.Field[bytes] = fields.BinaryField()
    checked_by: fields.Field[str] = fields.CharField(64)
    checked_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "checked_list"
