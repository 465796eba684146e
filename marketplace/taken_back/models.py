"""What was taken back of a deposit or a gift, as the provider last told it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class Kind(StrEnum):
    """`refund`: somebody gave it back on the provider's own pages. `dispute`: the card's owner objects."""

    REFUND = "refund"
    DISPUTE = "dispute"


class TakenState(StrEnum):
    """`asked`: nothing has moved. `withheld`: taken, and not decided. `gone`: for good, unless a bank or an appeal undoes it."""

    ASKED = "asked"
    WITHHELD = "withheld"
    GONE = "gone"
    RETURNED = "returned"


ALLOWED_MOVES: Mapping[TakenState, frozenset[TakenState]] = {
    TakenState.ASKED: frozenset({TakenState.WITHHELD, TakenState.GONE, TakenState.RETURNED}),
    TakenState.WITHHELD: frozenset({TakenState.GONE, TakenState.RETURNED}),
    TakenState.GONE: frozenset({TakenState.RETURNED}),
    TakenState.RETURNED: frozenset(),
}


class TakenBack(Model):
    """`id` is the provider's number of the refund or dispute, `balance_of` the organisation or plan whose balance the payment went
    into. Of `amount_yen` the balance could give `from_balance_yen`; the rest is our loss while it is gone."""

    id: fields.Field[str] = fields.CharField(255, primary_key=True)
    kind: fields.Field[str] = fields.CharField(16)
    provider_payment: fields.Field[str] = fields.CharField(255)
    balance_of: fields.Field[str] = fields.CharField(64)
    amount_yen: fields.Field[int] = fields.BigIntField()
    from_balance_yen: fields.Field[int] = fields.BigIntField(default=0)
    state: fields.Field[str] = fields.CharField(16)
    changes: fields.Field[int] = fields.BigIntField(default=0)
    opened_at: fields.Field[datetime] = fields.DatetimeField()
    changed_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "taken_back"
