"""Taking a certificate's number and its place in a status list, once per order.

Both go under the signature, so they are taken first. Places are drawn at random, so that a place tells nothing about
the order, its time or its neighbours.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from certificates import models
from certificates.credential import StatusSlot
from certificates.number import new_number
from certificates.statement import Environment
from certificates.status_list import PLACES

# When half of the drawn places are taken, the list is about half full: time for the next one.
_DRAWS = 16


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
    return (await reserve_all([order_reference], environment, now=now))[order_reference]


async def reserve_all(
    order_references: Collection[str], environment: Environment, *, now: datetime
) -> dict[str, Reservation]:
    """As reserve, for many orders at once."""
    found = await _find(order_references)
    while missing := set(order_references) - found.keys():
        await _try_to_take(missing, environment, now)
        found |= await _find(missing)
    for reservation in found.values():
        if reservation.environment is not environment:
            raise ReservedForOtherEnvironment(f"{reservation.order_reference} is reserved as {reservation.environment}")
    return found


async def _find(order_references: Collection[str]) -> dict[str, Reservation]:
    rows = await models.Reservation.filter(order_reference__in=list(order_references))
    return {row.order_reference: Reservation.of(row) for row in rows}


async def _try_to_take(order_references: Collection[str], environment: Environment, now: datetime) -> None:
    """Leaves no row where somebody took the number or the place meanwhile, or the order got its row elsewhere."""
    slots = await _free_slots(len(order_references))
    await models.Reservation.bulk_create(
        (
            models.Reservation(
                order_reference=order_reference,
                environment=environment.value,
                number=new_number(environment),
                status_list=slot.list_number,
                status_index=slot.index,
                reserved_at=now,
            )
            for order_reference, slot in zip(sorted(order_references), slots, strict=True)
        ),
        ignore_conflicts=True,
    )


async def _free_slots(count: int) -> list[StatusSlot]:
    """As many different places of the newest list, or of a new one if most of the drawn ones were taken."""
    last = await models.Reservation.all().order_by("-status_list").first()
    newest = last.status_list if last else 1
    drawn = {secrets.randbelow(PLACES) for _ in range(max(_DRAWS, 2 * count))}
    rows = models.Reservation.filter(status_list=newest, status_index__in=list(drawn))
    taken = set(await rows.values_list("status_index", flat=True))
    free = drawn - taken if len(taken) * 2 < len(drawn) else set()
    while len(free) < count:
        newest, free = newest + 1, {secrets.randbelow(PLACES) for _ in range(2 * count)}
    return [StatusSlot(newest, place) for place in sorted(free, key=lambda _: secrets.randbits(32))[:count]]
