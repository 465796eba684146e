"""Events, the endpoints they are sent to, and every attempt to do so."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Untold(Model):
    """Something that happened to what an organisation owns. `source` says how to read `kind` and `detail`: see telling.py."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    source: fields.Field[str] = fields.CharField(16)
    subject: fields.Field[str] = fields.CharField(64)
    kind: fields.Field[str] = fields.TextField()
    detail: fields.Field[str] = fields.TextField()
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "untold"


class EventRecord(Model):
    """One event as it is read and sent, `body` to the byte. `position` counts an organisation's events without a gap."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    position: fields.Field[int] = fields.BigIntField()
    type: fields.Field[str] = fields.CharField(64)
    subject: fields.Field[str] = fields.CharField(64)
    body: fields.Field[str] = fields.TextField()
    at: fields.Field[datetime] = fields.DatetimeField()
    told_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "event"


class Endpoint(Model):
    """Where an organisation wants its events sent. `types` are words with blanks between them; without any, all are meant.

    One worker at a time sends to an endpoint: it holds `busy_token` until `busy_until`.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    url: fields.Field[str] = fields.CharField(2000)
    description: fields.Field[str] = fields.CharField(200)
    types: fields.Field[str] = fields.CharField(2000)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    disabled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    disabled_because: fields.Field[str | None] = fields.CharField(16, null=True)
    last_success_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    paused_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    busy_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    busy_token: fields.Field[str | None] = fields.CharField(64, null=True)

    class Meta:
        table = "webhook_endpoint"


class EndpointSecret(Model):
    """Sealed for its endpoint with the key that `sealed_with` names (marketplace/resealing.py). `ends_at` is None for the secret in force; its predecessors sign beside it until they end."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    endpoint_id: fields.Field[str] = fields.CharField(64)
    secret: fields.Field[str] = fields.CharField(500)
    sealed_with: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    ends_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_secret"


class Delivery(Model):
    """One event on its way to one endpoint. `next_at` is None once it is settled; `begun_at` is when it was first tried."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    endpoint_id: fields.Field[str] = fields.CharField(64)
    event_id: fields.Field[str] = fields.CharField(64)
    position: fields.Field[int] = fields.BigIntField()
    subject: fields.Field[str] = fields.CharField(64)
    state: fields.Field[str] = fields.CharField(16)
    attempts: fields.Field[int] = fields.BigIntField(default=0)
    begun_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    next_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    settled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook_delivery"


class Attempt(Model):
    """`outcome` is None while the request is under way, and for ever if the process ended before its answer."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    delivery_id: fields.Field[str] = fields.CharField(64)
    at: fields.Field[datetime] = fields.DatetimeField()
    outcome: fields.Field[str | None] = fields.CharField(32, null=True)
    status: fields.Field[int | None] = fields.BigIntField(null=True)
    duration_ms: fields.Field[int | None] = fields.BigIntField(null=True)
    snippet: fields.Field[str] = fields.CharField(1000)

    class Meta:
        table = "webhook_attempt"
