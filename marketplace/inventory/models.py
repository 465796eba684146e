"""Whose units, which serials, in which state."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model

from marketplace.inventory.serials import SerialRange


class Provider(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    name_ja: fields.Field[str] = fields.TextField()
    name_en: fields.Field[str] = fields.TextField()
    invented: fields.Field[bool] = fields.BooleanField()

    class Meta:
        table = "provider"


class RegistryAccount(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    number: fields.Field[str] = fields.TextField()
    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField("ashiato.Provider")
    provider_id: str

    class Meta:
        table = "registry_account"


class Block(Model):
    """Credits of one project and monitoring period with contiguous serials. `tiled` is kept by the database.

    `vintages` is a JSON list of {basis, label, tonnes}; `mwh` and `gj` are as published, never computed. The symbols are the
    J-Credit registry's own marks; the JCM attributes stand exactly at JCM units.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    registry: fields.Field[str] = fields.TextField()
    project_key: fields.Field[str] = fields.TextField()
    methodology: fields.Field[str] = fields.TextField()
    credit_kind: fields.Field[str] = fields.TextField()
    certification_number: fields.Field[str] = fields.TextField()
    serial_prefix: fields.Field[str] = fields.TextField()
    serial_width: fields.Field[int] = fields.BigIntField()
    first_serial: fields.Field[int] = fields.BigIntField()
    last_serial: fields.Field[int] = fields.BigIntField()
    size: fields.Field[int] = fields.BigIntField()
    tiled: fields.Field[int] = fields.BigIntField(default=0)
    vintages: fields.Field[str] = fields.TextField()
    mwh: fields.Field[str | None] = fields.CharField(64, null=True)
    gj: fields.Field[str | None] = fields.CharField(64, null=True)
    scheme_symbol: fields.Field[str | None] = fields.CharField(64, null=True)
    credit_symbol: fields.Field[str | None] = fields.CharField(64, null=True)
    jcm_side: fields.Field[str | None] = fields.CharField(16, null=True)
    jcm_authorised: fields.Field[bool | None] = fields.BooleanField(null=True)
    corresponding_adjustment: fields.Field[str | None] = fields.CharField(16, null=True)
    invented: fields.Field[bool] = fields.BooleanField()

    class Meta:
        table = "block"

    @property
    def serials(self) -> SerialRange:
        return SerialRange(self.first_serial, self.last_serial)

    def serial_text(self, serial: int) -> str:
        """One serial as the registry writes it."""
        return f"{self.serial_prefix}{serial:0{self.serial_width}d}"


class Holding(Model):
    """What one registry account holds of a block."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    block: fields.ForeignKeyRelation[Block] = fields.ForeignKeyField("ashiato.Block")
    block_id: str
    account: fields.ForeignKeyRelation[RegistryAccount] = fields.ForeignKeyField("ashiato.RegistryAccount")
    account_id: str

    class Meta:
        table = "holding"


class Interval(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    block: fields.ForeignKeyRelation[Block] = fields.ForeignKeyField("ashiato.Block")
    block_id: str
    holding: fields.ForeignKeyRelation[Holding] = fields.ForeignKeyField("ashiato.Holding")
    holding_id: str
    first_serial: fields.Field[int] = fields.BigIntField()
    last_serial: fields.Field[int] = fields.BigIntField()
    state: fields.Field[str] = fields.CharField(16)
    quote_line_id: fields.Field[str | None] = fields.CharField(64, null=True)
    reserved_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "unit_interval"

    @property
    def serials(self) -> SerialRange:
        return SerialRange(self.first_serial, self.last_serial)
