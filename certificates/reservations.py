"""Taking a certificate's number and its place in a status list, once per order.

Both go under the signature, so they are taken first. Places are drawn at random, so that a place tells nothing about
the order, its time or its neighbours.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tortoise.connection import get_connection

from certificates import models, rows
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
    """`fresh`: taken just now, so that the order has no certificate yet."""

    order_reference: str
    environment: Environment
    number: str
    slot: StatusSlot
    fresh: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, row: models.Reservation, *, fresh: bool = False) -> "Reservation":
        return cls(
            order_reference=row.order_reference,
            environment=Environment(row.environment),
            number=row.number,
            slot=StatusSlot(row.status_list, row.status_index),
            fresh=fresh,
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
    found = await _take(order_references, environment, now)
    while missing := set(order_references) - found.keys():
        # they had theirs before, or somebody took the number or the place meanwhile
        found |= await _find(missing)
        if missing := set(order_references) - found.keys():
            found |= await _take(missing, environment, now)
    for reservation in found.values():
        if reservation.environment is not environment:
            raise ReservedForOtherEnvironment(f"{reservation.order_reference} is reserved as {reservation.environment}")
    return found


async def _find(order_references: Collection[str]) -> dict[str, Reservation]:
    known = await rows.find_all(models.Reservation, order_reference=sorted(order_references))
    return {row.order_reference: Reservation.of(row) for row in known}


async def _take(order_references: Collection[str], environment: Environment, now: datetime) -> dict[str, Reservation]:
    """New ones; none for an order that has its row already, or where somebody took the number or the place meanwhile."""
    slots = await _free_slots(len(order_references))
    taken = await rows.insert_missing(
        *(
            models.Reservation(
                order_reference=order_reference,
                environment=environment.value,
                number=new_number(environment),
                status_list=slot.list_number,
                status_index=slot.index,
                reserved_at=now,
            )
            for order_reference, slot in zip(sorted(order_references), slots, strict=True)
        )
    )
    return {row.order_reference: Reservation.of(row, fresh=True) for row in taken}


async def _free_slots(count: int) -> list[StatusSlot]:
    """As many different places of the newest list, or of a new one if most of the drawn ones were taken."""
    drawn = {secrets.randbelow(PLACES) for _ in range(max(_DRAWS, 2 * count))}
    newest, taken = await _newest_list(sorted(drawn))
    free = drawn - taken if len(taken) * 2 < len(drawn) else set()
    while len(free) < count:
        newest, free = newest + 1, {secrets.randbelow(PLACES) for _ in range(2 * count)}
    return [StatusSlot(newest, place) for place in sorted(free, key=lambda _: secrets.randbits(32))[:count]]


async def _newest_list(places: Sequence[int]) -> tuple[int, set[int]]:
    """Its number, and which of these places are taken in it."""
    connection = get_connection("default")
    postgres = connection.capabilities.dialect == "postgres"
    found = await connection.execute_query_dict(
        _NEWEST_LIST_POSTGRES if postgres else _NEWEST_LIST, [json.dumps(places)]
    )
    return found[0]["newest"], {row["status_index"] for row in found if row["status_index"] is not None}


_NEWEST_LIST = """
SELECT newest.number AS newest, r.status_index
FROM (SELECT coalesce(max(status_list), 1) AS number FROM certificate_reservation) newest
LEFT JOIN certificate_reservation r ON r.status_list = newest.number
  AND r.status_index IN (SELECT value FROM json_each(?))
"""
_NEWEST_LIST_POSTGRES = _NEWEST_LIST.replace(
    "SELECT value FROM json_each(?)", "SELECT value::int FROM jsonb_array_elements_text($1::jsonb)"
)
