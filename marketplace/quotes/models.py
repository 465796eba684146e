"""Prices held for a while, with the units they are for."""

import json
from datetime import datetime

from tortoise import fields
from tortoise.models import Model

GRAMS_PER_TONNE = 1_000_000


class Quote(Model):
    """`tonnes` are those that cover the amount, rounded up; `pool_g` is the part of it that comes out of pools.

    `tops_up` is the earlier order that this one covers the rest of, after actual figures came in.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    state: fields.Field[str] = fields.CharField(16)
    footprint_id: fields.Field[str | None] = fields.CharField(64, null=True)
    tonnes: fields.Field[int] = fields.BigIntField()
    credits_yen: fields.Field[int] = fields.BigIntField()
    fee_yen: fields.Field[int] = fields.BigIntField()
    tax_yen: fields.Field[int] = fields.BigIntField()
    total_yen: fields.Field[int] = fields.BigIntField()
    terms: fields.Field[str] = fields.TextField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    created_at: fields.Field[datetime] = fields.DatetimeField()
    pool_g: fields.Field[int] = fields.BigIntField(default=0)
    tops_up: fields.Field[str | None] = fields.CharField(64, null=True)

    class Meta:
        table = "quote"

    @property
    def own_tonnes(self) -> int:
        """Whole tonnes that are cancelled for this buyer alone."""
        return self.tonnes - -(-self.pool_g // GRAMS_PER_TONNE)

    @property
    def grams(self) -> int:
        """The exact amount."""
        return self.own_tonnes * GRAMS_PER_TONNE + self.pool_g

    @property
    def pooled_yen(self) -> int:
        """What of the price is for grams of pools, without tax."""
        yen: int = json.loads(self.terms).get("pool_net_yen", 0)
        return yen


class QuoteLine(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    quote_id: fields.Field[str] = fields.CharField(64)
    listing_id: fields.Field[str] = fields.CharField(64)
    tonnes: fields.Field[int] = fields.BigIntField()
    yen_per_tonne: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "quote_line"
