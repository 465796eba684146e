"""Tables of the certificates room; certificates/migrations/ holds the rules the database itself keeps."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Reservation(Model):
    """A number and a status list place, taken before anything is signed."""

    order_reference: fields.Field[str] = fields.CharField(128, primary_key=True)
    environment: fields.Field[str] = fields.CharField(8)
    number: fields.Field[str] = fields.CharField(32)
    status_list: fields.Field[int] = fields.IntField()
    status_index: fields.Field[int] = fields.IntField()
    reserved_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "certificate_reservation"


class Certificate(Model):
    """`statement` is its canonical JSON, byte for byte what `statement_sha256` covers."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    order_reference: fields.Field[str] = fields.CharField(128)
    environment: fields.Field[str] = fields.CharField(8)
    number: fields.Field[str] = fields.CharField(32)
    statement: fields.Field[str] = fields.TextField()
    statement_sha256: fields.Field[str] = fields.CharField(64)
    credential: fields.Field[str] = fields.TextField()
    proof: fields.Field[str] = fields.CharField(132)
    grams: fields.Field[int] = fields.BigIntField()
    replaces: fields.Field[str | None] = fields.CharField(32, null=True)
    issued_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "certificate"


class CertificateText(Model):
    """A text behind a commitment; deleting the row erases it. The table's key is certificate and field."""

    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    field: fields.Field[str] = fields.CharField(32)
    salt: fields.Field[str] = fields.CharField(32)
    value: fields.Field[str] = fields.TextField()

    class Meta:
        table = "certificate_text"


class CertificateEnd(Model):
    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    kind: fields.Field[str] = fields.CharField(16)
    reason: fields.Field[str] = fields.TextField()
    replaced_by: fields.Field[str | None] = fields.CharField(32, null=True)
    ended_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "certificate_end"


class CertifiedCancellation(Model):
    """`certified_g` is kept by the database."""

    our_reference: fields.Field[str] = fields.CharField(128, primary_key=True)
    registry: fields.Field[str] = fields.CharField(64)
    block: fields.Field[str] = fields.CharField(128)
    tonnes: fields.Field[int] = fields.BigIntField()
    certified_g: fields.Field[int] = fields.BigIntField(default=0)

    class Meta:
        table = "certified_cancellation"


class CertifiedSpan(Model):
    """Serials of a cancellation, both ends included. The table's key is registry, block and first serial."""

    first_serial: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    our_reference: fields.Field[str] = fields.CharField(128)
    registry: fields.Field[str] = fields.CharField(64)
    block: fields.Field[str] = fields.CharField(128)
    last_serial: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "certified_span"


class CertificateShare(Model):
    """Grams of a cancellation in a certificate. The table's key is both."""

    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    our_reference: fields.Field[str] = fields.CharField(128)
    grams: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "certificate_share"
