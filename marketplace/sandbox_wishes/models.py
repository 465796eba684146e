"""The wish that came with an order."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class PaymentWish(StrEnum):
    """What a buyer does at once at the sandbox's payment page: pay, or leave when the card is declined."""

    PAID = "paid"
    DECLINED_CARD = "declined_card"


class RegistryWish(StrEnum):
    """How the sandbox registry fails, once, at the order's first application."""

    CLOSED_AT_NIGHT = "closed_at_night"
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    PARTIAL_ACCEPTANCE = "partial_acceptance"
    SERIAL_CLASH = "serial_clash"


class SandboxWish(Model):
    """`struck` is the reference of the application that the fault has struck."""

    order_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    payment: fields.Field[str | None] = fields.CharField(32, null=True)
    registry: fields.Field[str | None] = fields.CharField(32, null=True)
    struck: fields.Field[str | None] = fields.CharField(64, null=True)

    class Meta:
        table = "sandbox_wish"
