"""Tables of the certificates room; certificates/migrations/ holds the rules the database itself keeps."""

from datetime import date, datetime

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
    """`statement` is its canonical JSON, byte for byte what `statement_sha256` covers; `credential` as packed_credential.py packs it."""

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


class PoolCertificate(Model):
    """A certificate whose grams are handed on; `handed_g` is kept by the database."""

    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    number: fields.Field[str] = fields.CharField(32)
    grams: fields.Field[int] = fields.BigIntField()
    handed_g: fields.Field[int] = fields.BigIntField(default=0)

    class Meta:
        table = "pool_certificate"


class CertificatePoolShare(Model):
    """Grams of a pool in a certificate. The table's key is both."""

    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    pool_id: fields.Field[str] = fields.CharField(64)
    grams: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "certificate_pool_share"


class LogEvent(Model):
    """One leaf of the log, written with the certificate or the end it tells of; `lost` if that went with a restored backup."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    number: fields.Field[str] = fields.CharField(32)
    event: fields.Field[str] = fields.CharField(16)
    leaf: fields.Field[bytes] = fields.BinaryField()
    lost: fields.Field[bool] = fields.BooleanField(default=False)

    class Meta:
        table = "log_event"


class LogPending(Model):
    """A leaf without a position yet."""

    event_id: fields.Field[str] = fields.CharField(64, primary_key=True)

    class Meta:
        table = "log_pending"


class LogEntry(Model):
    """Which leaf stands at a position, counted from zero."""

    position: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    event_id: fields.Field[str] = fields.CharField(64)

    class Meta:
        table = "log_entry"


class LogTile(Model):
    """`id` is level/index; `hashes` are those known so far, up to 256."""

    id: fields.Field[str] = fields.CharField(32, primary_key=True)
    hashes: fields.Field[bytes] = fields.BinaryField()

    class Meta:
        table = "log_tile"


class LogCheckpoint(Model):
    """A note signed by the log; at most one per size."""

    size: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    note: fields.Field[str] = fields.TextField()
    signed_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "log_checkpoint"


class LogCosignature(Model):
    """A witness's signature line under a checkpoint."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    size: fields.Field[int] = fields.BigIntField()
    witness: fields.Field[str] = fields.CharField(255)
    line: fields.Field[str] = fields.TextField()

    class Meta:
        table = "log_cosignature"


class LogWitness(Model):
    """The size of the newest checkpoint a witness has cosigned, as it said itself."""

    name: fields.Field[str] = fields.CharField(255, primary_key=True)
    size: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "log_witness"


class LogHead(Model):
    """One row, on which sequencers queue."""

    id: fields.Field[int] = fields.IntField(primary_key=True, generated=False)
    size: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "log_head"


class CertificateVisibility(Model):
    """What the public page shows; `hidden_fields` are names of texts, separated by blanks."""

    certificate_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    link_code_sha256: fields.Field[str | None] = fields.CharField(64, null=True)
    hidden_fields: fields.Field[str] = fields.CharField(255)
    hidden_until: fields.Field[date | None] = fields.DateField(null=True)

    class Meta:
        table = "certificate_visibility"
