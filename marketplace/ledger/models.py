"""Double-entry postings in yen; append-only, and every transaction sums to zero (a rule of the database)."""

from datetime import date, datetime

from tortoise import fields
from tortoise.models import Model


class LedgerTransaction(Model):
    """`event` names what was booked, once for ever, e.g. payment:pay_…"""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    event: fields.Field[str] = fields.TextField()
    order_id: fields.Field[str | None] = fields.CharField(64, null=True)
    balance: fields.Field[int] = fields.BigIntField(default=0)
    zero: fields.Field[int] = fields.BigIntField(default=0)
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "ledger_transaction"


class LedgerPosting(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    transaction_id: fields.Field[str] = fields.CharField(64)
    account: fields.Field[str] = fields.TextField()
    amount_yen: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "ledger_posting"


class BuyerBalance(Model):
    """What a buyer has prepaid. Read only: the database keeps it by the postings, and refuses one below zero."""

    buyer: fields.Field[str] = fields.CharField(64, primary_key=True)
    yen: fields.Field[int] = fields.BigIntField()

    class Meta:
        table = "buyer_balance"


class LedgerCheck(Model):
    """One run of the daily check. `findings` is a JSON list; `day` is Japan time."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    day: fields.Field[date] = fields.DateField()
    findings: fields.Field[str] = fields.TextField()
    finding_count: fields.Field[int] = fields.BigIntField()
    at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "ledger_check"
