"""Certificates that an order has before all of it is decided: for what a registry confirmed when it confirmed only a part.

The certificate that completes an order stands in the order itself and bears its id as reference; those of parts bear the id and
a number behind it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from marketplace.database import rows
from marketplace.orders.models import CertifiedPart, Order
from marketplace.orders.states import UNPAID, OrderState
from marketplace.retirements.models import Retirement

_SEPARATOR = "/"
_NOTHING_CANCELLED_YET = (*UNPAID, OrderState.PAID)


def reference_of_part(order_id: str, ordinal: int) -> str:
    """What the certificate of the part calls its purchase; parts are counted from 1."""
    return f"{order_id}{_SEPARATOR}{ordinal}"


def order_of(reference: str) -> str:
    """The order behind a certificate's reference, whether it is of a part or of the whole."""
    return reference.partition(_SEPARATOR)[0]


async def of_order(order_id: str) -> Sequence[CertifiedPart]:
    """The retirements that are certified already, by the certificates' age."""
    return await rows.find_all(CertifiedPart, order_id=order_id, order_by="part")


async def record(retirements: Collection[Retirement], part: int, number: str, *, at: datetime) -> None:
    """Inside the transaction that issues the certificate. The database refuses what is not confirmed, or certified before."""
    await CertifiedPart.bulk_create(
        CertifiedPart(retirement_id=one.id, order_id=one.order_id, part=part, number=number, certified_at=at)
        for one in retirements
    )


async def certificates_of(orders: Collection[Order]) -> Mapping[str, Sequence[str]]:
    """By order id, the numbers of all its certificates so far: those of parts first, the one that completed it last."""
    found: dict[str, dict[str, None]] = {order.id: {} for order in orders}
    begun = sorted(order.id for order in orders if order.state not in _NOTHING_CANCELLED_YET)
    for part in await rows.find_all(CertifiedPart, order_id=begun, order_by="part"):
        found[part.order_id][part.number] = None
    for order in orders:
        if order.certificate_number is not None:
            found[order.id][order.certificate_number] = None
    return {order_id: list(numbers) for order_id, numbers in found.items()}
