"""What people write to the operator."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class ContactMessage(Model):
    """`suspect`: it looks like spam, so it is kept and no mail goes out for it. `sha256`: of what was said, so that it counts once."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    sha256: fields.Field[str] = fields.CharField(64)
    topic: fields.Field[str] = fields.CharField(32)
    email: fields.Field[str] = fields.TextField()
    name: fields.Field[str] = fields.TextField()
    about: fields.Field[str] = fields.TextField()
    body: fields.Field[str] = fields.TextField()
    locale: fields.Field[str] = fields.CharField(8)
    suspect: fields.Field[bool] = fields.BooleanField()
    sent_at: fields.Field[datetime] = fields.DatetimeField()
    settled_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    settled_by: fields.Field[str | None] = fields.CharField(64, null=True)

    class Meta:
        table = "contact_message"
