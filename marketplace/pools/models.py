"""Pools, the lines of quotes that want grams of them, and which grams of which pool a line has drawn."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class PoolLine(Model):
    """Grams of a listing below a whole tonne, at its price per tonne."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    quote_id: fields.Field[str] = fields.CharField(64)
    listing_id: fields.Field[str] = fields.CharField(64)
    grams: fields.Field[int] = fields.BigIntField()
    yen_per_tonne: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "pool_line"


class Pool(Model):
    """`quote_id` and `order_id` are the service's own purchase. `drawn_g` is kept by the database."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    listing_id: fields.Field[str] = fields.CharField(64)
    quote_id: fields.Field[str] = fields.CharField(64)
    order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    state: fields.Field[str] = fields.CharField(16)
    grams: fields.Field[int] = fields.BigIntField()
    drawn_g: fields.Field[int] = fields.BigIntField(default=0)
    certificate_number: fields.Field[str | None] = fields.CharField(32, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "pool"

    @property
    def left_g(self) -> int:
        return self.grams - self.drawn_g


class PoolDraw(Model):
    """The table's key is line and pool. `handed_on` once the certificate that states these grams is issued."""

    pool_line_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    pool_id: fields.Field[str] = fields.CharField(64)
    grams: fields.Field[int] = fields.BigIntField()
    handed_on: fields.Field[bool] = fields.BooleanField(default=False)

    class Meta:
        table = "pool_draw"
