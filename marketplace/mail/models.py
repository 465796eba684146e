"""A mail that was decided on, and what became of it."""

from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class MailState(StrEnum):
    """`sent`: a mail server took it. `kept`: it stands in the mailbox of an embedded instance. `withheld`: this service
    sends no mail. `refused`: the mail server refused it for good."""

    WAITING = "waiting"
    SENT = "sent"
    KEPT = "kept"
    WITHHELD = "withheld"
    REFUSED = "refused"


class Mail(Model):
    """`params` may hold a secret link, so they are erased as soon as the mail is settled. `subject` and `body` stay only in
    an embedded instance's mailbox."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    key: fields.Field[str] = fields.TextField()
    message: fields.Field[str] = fields.TextField()
    recipient: fields.Field[str] = fields.TextField()
    locale: fields.Field[str] = fields.CharField(8)
    state: fields.Field[str] = fields.CharField(16)
    params: fields.Field[str | None] = fields.CharField(100_000, null=True)
    subject: fields.Field[str | None] = fields.CharField(1000, null=True)
    body: fields.Field[str | None] = fields.CharField(100_000, null=True)
    refusal: fields.Field[str | None] = fields.CharField(2000, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    settled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "mail"
