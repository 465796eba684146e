"""The audit trail's entries, and acts that wait for a second person."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class AuditEntry(Model):
    """`actor` is an actor's id, never a name; `detail` is canonical JSON; `seal` covers everything else and `previous`."""

    position: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    at: fields.Field[datetime] = fields.DatetimeField()
    actor: fields.Field[str] = fields.CharField(64)
    organisation_id: fields.Field[str | None] = fields.CharField(64, null=True)
    act: fields.Field[str] = fields.CharField(64)
    subject: fields.Field[str] = fields.CharField(200)
    reason: fields.Field[str | None] = fields.CharField(2000, null=True)
    detail: fields.Field[str] = fields.TextField()
    previous: fields.Field[str] = fields.CharField(64)
    seal: fields.Field[str] = fields.CharField(64)

    class Meta:
        table = "audit_entry"


class Proposal(Model):
    """An act that one person has proposed and another approves or refuses; `detail` is JSON and never changes."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    act: fields.Field[str] = fields.CharField(64)
    subject: fields.Field[str] = fields.CharField(200)
    detail: fields.Field[str] = fields.TextField()
    reason: fields.Field[str] = fields.CharField(2000)
    state: fields.Field[str] = fields.CharField(20)
    proposed_by: fields.Field[str] = fields.CharField(64)
    proposed_at: fields.Field[datetime] = fields.DatetimeField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    decided_by: fields.Field[str | None] = fields.CharField(64, null=True)
    decided_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "proposal"
