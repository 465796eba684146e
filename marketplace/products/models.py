"""Products, the versions of their footprint, the periods of their cover, and the ledger of units."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model


class Product(Model):
    """`number` stands in public addresses (/p/…). `environment` is sandbox or live; `market` a SalesMarket.

    `reduction_effort` is what was done to emit less, which every certificate of its cover states.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    number: fields.Field[str] = fields.CharField(16)
    organisation_id: fields.Field[str] = fields.CharField(64)
    environment: fields.Field[str] = fields.CharField(8)
    name: fields.Field[str] = fields.CharField(200)
    functional_unit: fields.Field[str] = fields.CharField(100)
    market: fields.Field[str] = fields.CharField(8)
    reduction_effort: fields.Field[str] = fields.TextField()
    state: fields.Field[str] = fields.CharField(8)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    ended_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "product"


class ProductFootprint(Model):
    """From `from_day` (Japan time) on a unit emits `g_per_unit` grams, of which `covered_g_per_unit` are to be covered."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    product_id: fields.Field[str] = fields.CharField(64)
    footprint_id: fields.Field[str | None] = fields.CharField(64, null=True)
    g_per_unit: fields.Field[int] = fields.BigIntField()
    covered_g_per_unit: fields.Field[int] = fields.BigIntField()
    from_day: fields.Field[date] = fields.DateField()
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "product_footprint"


class CoverPeriod(Model):
    """Days in Japan time, both included; periods of a product never overlap."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    product_id: fields.Field[str] = fields.CharField(64)
    first_day: fields.Field[date] = fields.DateField()
    last_day: fields.Field[date] = fields.DateField()
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "cover_period"


class ProductCover(Model):
    """A purchase meant to cover units of a period. It counts once the order on its quote is certified.

    `units` are the whole units that `grams` suffice for at `covered_g_per_unit`; `origin` is a CoverOrigin.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    product_id: fields.Field[str] = fields.CharField(64)
    period_id: fields.Field[str] = fields.CharField(64)
    quote_id: fields.Field[str] = fields.CharField(64)
    units: fields.Field[int] = fields.BigIntField()
    grams: fields.Field[int] = fields.BigIntField()
    covered_g_per_unit: fields.Field[int] = fields.BigIntField()
    origin: fields.Field[str] = fields.CharField(8)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "product_cover"


class ProductEntry(Model):
    """One line of the ledger of units; append-only, and `source` counts once per product for ever.

    `day` is the day of the sale in Japan time (a return stands on its sale's day), or of the certificate. Cover belongs to
    `period_id`; sales and returns belong to whichever period their day falls into.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=True)
    product_id: fields.Field[str] = fields.CharField(64)
    kind: fields.Field[str] = fields.CharField(10)
    units: fields.Field[int] = fields.BigIntField()
    grams: fields.Field[int] = fields.BigIntField()
    day: fields.Field[date] = fields.DateField()
    period_id: fields.Field[str | None] = fields.CharField(64, null=True)
    source: fields.Field[str] = fields.CharField(300)
    sale_id: fields.Field[int | None] = fields.BigIntField(null=True)
    cover_id: fields.Field[str | None] = fields.CharField(64, null=True)
    certificate_number: fields.Field[str | None] = fields.CharField(32, null=True)
    happened_at: fields.Field[datetime] = fields.DatetimeField()
    counted_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "product_entry"


class ProductRule(Model):
    """Buy `buy_units` again when fewer than `below_units` are left, for at most `most_yen_a_month` (a month in Japan).

    Without `listing_id` the cheapest credits on offer are bought. `consent_version` is that of the words its owner agreed to.
    """

    product_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    below_units: fields.Field[int] = fields.BigIntField()
    buy_units: fields.Field[int] = fields.BigIntField()
    most_yen_a_month: fields.Field[int] = fields.BigIntField()
    listing_id: fields.Field[str | None] = fields.CharField(64, null=True)
    consent_version: fields.Field[str] = fields.CharField(40)
    locale: fields.Field[str] = fields.CharField(8)
    active: fields.Field[bool] = fields.BooleanField()
    set_by: fields.Field[str] = fields.CharField(64)
    set_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "product_rule"


class ProductTopUp(Model):
    """One purchase by the rule. `yen` count against the limit of `month` (2026-11) once it is reserved; `reason` says why
    it was dropped, as the code of a refusal."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    product_id: fields.Field[str] = fields.CharField(64)
    period_id: fields.Field[str] = fields.CharField(64)
    month: fields.Field[str] = fields.CharField(7)
    units: fields.Field[int] = fields.BigIntField()
    state: fields.Field[str] = fields.CharField(10)
    yen: fields.Field[int] = fields.BigIntField(default=0)
    quote_id: fields.Field[str | None] = fields.CharField(64, null=True)
    order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    reason: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "product_top_up"


class ProductShop(Model):
    """A shop that sends its orders. `skus` is a JSON list; `secret` is sealed for `id`, because signatures are checked with it.

    `problem` is the code of the newest refusal of something in its orders.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    product_id: fields.Field[str] = fields.CharField(64)
    name: fields.Field[str] = fields.CharField(100)
    skus: fields.Field[str] = fields.TextField()
    secret: fields.Field[str] = fields.CharField(400)
    sealed_with: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    heard_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    problem: fields.Field[str | None] = fields.CharField(64, null=True)
    problem_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    revoked_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "product_shop"
