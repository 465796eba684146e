"""What is closed at present."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Closure(Model):
    """A row stands while `name` is closed; `opens_at` is when it is expected to open again, if anybody knows."""

    name: fields.Field[str] = fields.CharField(100, primary_key=True)
    closed_at: fields.Field[datetime] = fields.DatetimeField()
    opens_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "closure"
