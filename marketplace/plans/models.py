"""Plans, what their months cost and cover, the paid months, and what bills said of them."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model


class Plan(Model):
    """`email` is who manages it and gets its mails. `version` counts decisions, ours and the person's.

    A gift is paid once by `giver_email` for `gift_months` months and has no subscription. `paid_until` is the end of the last
    month that was asked for at the provider, of a gift the beginning of the next month to deliver.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    access_token: fields.Field[str] = fields.CharField(64)
    external_id: fields.Field[str | None] = fields.CharField(300, null=True)
    state: fields.Field[str] = fields.CharField(20)
    state_since: fields.Field[datetime] = fields.DatetimeField()
    version: fields.Field[int] = fields.BigIntField(default=1)
    email: fields.Field[str] = fields.CharField(320)
    locale: fields.Field[str] = fields.CharField(8)
    public_name: fields.Field[str] = fields.CharField(40)
    reduction_effort: fields.Field[str] = fields.TextField()
    consent: fields.Field[str] = fields.TextField()
    gift_months: fields.Field[int | None] = fields.BigIntField(null=True)
    giver_email: fields.Field[str | None] = fields.CharField(320, null=True)
    giver_name: fields.Field[str | None] = fields.CharField(100, null=True)
    edition: fields.Field[str] = fields.CharField(32)
    checkout_session: fields.Field[str | None] = fields.CharField(255, null=True)
    checkout_url: fields.Field[str | None] = fields.CharField(2000, null=True)
    pay_until: fields.Field[datetime] = fields.DatetimeField()
    subscription: fields.Field[str | None] = fields.CharField(255, null=True)
    customer: fields.Field[str | None] = fields.CharField(255, null=True)
    paid_until: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    ended_because: fields.Field[str | None] = fields.CharField(20, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan"


class PlanTerms(Model):
    """What one month costs and covers. `month_g` is the month's use by `edition`, `carried_g` what bills of earlier months left
    to cover (below zero: what they covered too much). `menu` None: the supplier is not in the list. Prices as in a listing and
    a quote, in yen; `total_yen` with fee and tax.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    plan_id: fields.Field[str] = fields.CharField(64)
    version: fields.Field[int] = fields.BigIntField()
    because: fields.Field[str] = fields.CharField(16)
    menu: fields.Field[str | None] = fields.CharField(100, null=True)
    kwh: fields.Field[str | None] = fields.CharField(40, null=True)
    household_size: fields.Field[str | None] = fields.CharField(16, null=True)
    edition: fields.Field[str] = fields.CharField(32)
    footprint_id: fields.Field[str] = fields.CharField(64)
    month_g: fields.Field[int] = fields.BigIntField()
    carried_g: fields.Field[int] = fields.BigIntField()
    listing_id: fields.Field[str] = fields.CharField(64)
    yen_per_tonne: fields.Field[int] = fields.BigIntField()
    fee_basis_points: fields.Field[int] = fields.BigIntField()
    total_yen: fields.Field[int] = fields.BigIntField()
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan_terms"

    @property
    def grams(self) -> int:
        """What the month's certificate states."""
        return self.month_g + self.carried_g


class PlanMonth(Model):
    """A paid month: its first and last day in Japan time, and the order that covers it. `invoice` is the provider's; a gift has
    none. `told_at`: when its mail was written."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    plan_id: fields.Field[str] = fields.CharField(64)
    terms_id: fields.Field[str] = fields.CharField(64)
    first_day: fields.Field[date] = fields.DateField()
    last_day: fields.Field[date] = fields.DateField()
    invoice: fields.Field[str | None] = fields.CharField(255, null=True)
    order_id: fields.Field[str] = fields.CharField(64)
    paid_at: fields.Field[datetime] = fields.DatetimeField()
    told_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "plan_month"


class PlanFailure(Model):
    """A try with a card that did not work. `next_attempt_at` None: the provider tries no more."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    plan_id: fields.Field[str] = fields.CharField(64)
    invoice: fields.Field[str] = fields.CharField(255)
    attempt: fields.Field[int] = fields.BigIntField()
    next_attempt_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan_failure"


class PlanBill(Model):
    """What a month really took, by its bill; the newest of a month counts. `order_id`: the extra order that covers the rest."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    plan_month_id: fields.Field[str] = fields.CharField(64)
    kwh: fields.Field[str] = fields.CharField(40)
    actual_g: fields.Field[int] = fields.BigIntField()
    order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    entered_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan_bill"


class PlanGift(Model):
    """The one payment of a gift."""

    plan_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    provider_payment: fields.Field[str] = fields.CharField(255)
    amount_yen: fields.Field[int] = fields.BigIntField()
    captured_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan_gift"


class PlanReturn(Model):
    """What was left of a gift when it ended, on its way back; `returned_at` once the provider has it."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    plan_id: fields.Field[str] = fields.CharField(64)
    amount_yen: fields.Field[int] = fields.BigIntField()
    requested_at: fields.Field[datetime] = fields.DatetimeField()
    returned_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "plan_return"


class PlanReturnBounce(Model):
    """A return that the giver's bank sent back; `provider_refund` is the provider's number of it."""

    return_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    provider_refund: fields.Field[str] = fields.CharField(255)
    heard_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "plan_return_bounce"
