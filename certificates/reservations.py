"""Taking a certificate's number and its place in a status list, once per order.

Both go under the signature, so they are taken first. Places are drawn at random, so that a place tells nothing about
the order, its time or its neighbours.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from certificates import models
from certificates.credential import StatusSlot
from certificates.number import new_number
from certificates.statement import Environment
from certificates.status_list import PLACES

# Eight taken places in a row happen in a list that is about half full: time for the next one.
_DRAWS_PER_LIST = 8


class ReservedForOtherEnvironment(Exception):
    """The order has a number of the other environment; an order never moves between sandbox and live."""

    code = "reserved_for_other_environment"


@dataclass(frozen=True, slots=True)
class Reservation:
    order_reference: str
    environment: Environment
    number: str
    slot: StatusSlot

    @classmethod
    def of(cls, row: models.Reservation) -> "Reservation":
        return cls(
            order_reference=row.order_reference,
            environment=Environment(row.environment),
            number=row.number,
            slot=StatusSlot(row.status_list, row.status_index),
        )


async def reserve(order_reference: str, environment: Environment, *, now: datetime) -> Reservation:
    """The number and place of an order: new ones at the first call, the same ones ever after.

    Runs inside the caller's transaction. Raises ReservedForOtherEnvironment.
    """
    found = await models.Reservation.get_or_none(order_reference=order_reference)
    while found is None:
        await _try_to_take(order_reference, environment, now)
        found = await models.Reservation.get_or_none(order_reference=order_reference)
    if found.environment != environment:
        raise ReservedForOtherEnvironment(f"{order_reference} is reserved as {found.environment}, not {environment}")
    return Reservation.of(found)


async def _try_to_take(order_reference: str, environment: Environment, now: datetime) -> None:
    """Leaves no row if somebody took the number or the place meanwhile, or the order got its row elsewhere."""
    slot = await _free_slot()
    row = models.Reservation(
        order_reference=order_reference,
        environment=environment.value,
        number=new_number(environment),
        status_list=slot.list_number,
        status_index=slot.index,
        reserved_at=now,
    )
    await models.Reservation.bulk_create([row], ignore_conflicts=True)


async def _free_slot() -> StatusSlot:
    last = await models.Reservation.all().order_by("-status_list").first()
    newest = last.status_list if last else 1
    for _ in range(_DRAWS_PER_LIST):
        slot = StatusSlot(newest, secrets.randbelow(PLACES))
        if not await models.Reservation.filter(status_list=slot.list_number, status_index=slot.index).exists():
            return slot
    return StatusSlot(newest + 1, secrets.randbelow(PLACES))
