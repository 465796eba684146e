"""Which request was made under which key, and what it was answered."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class KeyedRequest(Model):
    """`scope` is what was asked for (method and address), `request_sha256` with what; an answer once written stays.

    Without `answered_at` the request is being carried out until `lease_until`, by whoever holds `lease_token`.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    scope: fields.Field[str] = fields.TextField()
    key: fields.Field[str] = fields.TextField()
    request_sha256: fields.Field[str] = fields.CharField(64)
    lease_token: fields.Field[str] = fields.CharField(64)
    lease_until: fields.Field[datetime] = fields.DatetimeField()
    status: fields.Field[int | None] = fields.IntField(null=True)
    headers: fields.Field[str | None] = fields.CharField(4000, null=True)
    body: fields.Field[bytes | None] = fields.BinaryField(null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    answered_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "keyed_request"


class KeyedEffect(Model):
    """What a keyed request has made: its id, written in the transaction that made it."""

    request_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    made_id: fields.Field[str] = fields.CharField(64)

    class Meta:
        table = "keyed_effect"
