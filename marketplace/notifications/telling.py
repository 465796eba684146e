"""From what happened to the event that is read and sent.

What an order's time line says reaches `untold` by a rule of the database; other use cases call `tell`. A job gives each its place among
the organisation's events, one writer per organisation at a time: whoever has read up to one event never finds an older one later.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import belongings
from marketplace.database.dialect import is_postgres, sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.notifications.kinds import TOLD_AS, EventType
from marketplace.notifications.models import Delivery, Endpoint, EventRecord, Untold
from marketplace.orders.models import Order
from marketplace.orders.timeline import Happened
from marketplace.outbox import service as outbox

TELL = "events.tell"
DELIVER = "webhook.deliver"
KEPT_FOR = timedelta(days=30)
_AT_ONCE = 200
_USE_CASE, _TIME_LINE = "use_case", "time_line"

_TAKE = "DELETE FROM untold WHERE id IN (SELECT id FROM untold ORDER BY id LIMIT ?) RETURNING id, organisation_id, source, subject, kind, detail, at"
# one teller waits for the other instead of overtaking it
_TAKE_IN_TURN = _TAKE.replace("LIMIT ?", "LIMIT ? FOR UPDATE")
_NEXT_POSITIONS = (
    "INSERT INTO event_counter (organisation_id, last_position) VALUES (?, ?) "
    "ON CONFLICT (organisation_id) DO UPDATE SET last_position = event_counter.last_position + excluded.last_position "
    "RETURNING last_position"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes one event. `subject` is the id of what it is about."""

    type: EventType
    subject: str
    data: Mapping[str, JSON]
    at: datetime


async def tell(organisation_id: str, type_: EventType, subject: str, data: Mapping[str, JSON], *, at: datetime) -> None:
    """Inside the caller's transaction: the organisation will be told. `subject` is the id of what it is about; what is told of one
    subject arrives in order. `data` holds no secrets and no names of persons."""
    await Untold.create(
        organisation_id=organisation_id,
        source=_USE_CASE,
        subject=subject,
        kind=type_,
        detail=json.dumps(data, ensure_ascii=False),
        at=at,
    )


async def tell_of_certificate(market: Market, order_id: str, type_: EventType, number: str, **more: JSON) -> None:
    """Inside the caller's transaction, to the owner of the certificate's order; a guest is told nothing."""
    owner = await belongings.owner_of(order_id)
    if owner is not None:
        data = {"certificate": _certificate(market, number) | more}
        await tell(owner, type_, order_id, data, at=market.clock())


async def tell_waiting(market: Market) -> None:
    """Job: everything untold becomes an event, and a delivery to each endpoint that wants it. Safe to repeat."""
    while await run_tx(lambda tx: _tell_some(market, tx)):
        continue


async def publish(
    tx: BaseDBAsyncClient,
    organisation_id: str,
    told: Sequence[Told],
    *,
    now: datetime,
) -> list[EventRecord]:
    """Inside a transaction: give them their places among the organisation's events, in this order."""
    (row,) = await tx.execute_query_dict(sql(tx, _NEXT_POSITIONS), [organisation_id, len(told)])
    first = row["last_position"] - len(told) + 1
    records = []
    for position, one in enumerate(told, first):
        event_id = new_id("evt", one.at)
        body = {"id": event_id, "type": one.type, "timestamp": one.at.astimezone(UTC).isoformat(), "data": one.data}
        records.append(
            EventRecord(
                id=event_id,
                organisation_id=organisation_id,
                position=position,
                type=one.type,
                subject=one.subject,
                body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
                at=one.at,
                told_at=now,
            )
        )
    await EventRecord.bulk_create(records)
    return records


async def send_to(tx: BaseDBAsyncClient, endpoint: Endpoint, events: Sequence[EventRecord], *, now: datetime) -> None:
    """Inside a transaction: the events will be delivered to the endpoint, in their order, beginning now."""
    if not events:
        return
    await Delivery.bulk_create(
        [
            Delivery(
                id=new_id("whd", now),
                endpoint_id=endpoint.id,
                event_id=event.id,
                position=event.position,
                subject=event.subject,
                state="waiting",
                next_at=now,
            )
            for event in events
        ]
    )
    await outbox.add(tx, DELIVER, f"{DELIVER}:{endpoint.id}:{events[-1].id}", {"endpoint_id": endpoint.id}, at=now)


def wants(endpoint: Endpoint, type_: str) -> bool:
    return endpoint.disabled_at is None and (not endpoint.types or type_ in endpoint.types.split())


async def _tell_some(market: Market, tx: BaseDBAsyncClient) -> int:
    now = market.clock()
    taken = await tx.execute_query_dict(sql(tx, _TAKE_IN_TURN if is_postgres(tx) else _TAKE), [_AT_ONCE])
    by_organisation: dict[str, list[Untold]] = defaultdict(list)
    for row in sorted(taken, key=lambda row: row["id"]):
        by_organisation[row["organisation_id"]].append(Untold(**row | {"at": _moment(row["at"])}))
    # in one order for all tellers, so that none waits for another in a circle
    for organisation_id, rows in sorted(by_organisation.items()):
        told = [one for row in rows for one in await _worded(market, row)]
        events = await publish(tx, organisation_id, told, now=now)
        for endpoint in await Endpoint.filter(organisation_id=organisation_id).order_by("id"):
            await send_to(tx, endpoint, [event for event in events if wants(endpoint, event.type)], now=now)
    return len(taken)


async def _worded(market: Market, row: Untold) -> list[Told]:
    detail = json.loads(row.detail)
    if row.source == _USE_CASE:
        return [Told(EventType(row.kind), row.subject, detail, row.at)]
    order = await Order.get(id=row.subject)
    about: dict[str, JSON] = {
        "order": {
            "id": order.id,
            "external_id": (order.external_id or "").removeprefix(f"{row.organisation_id}:") or None,
            "total": order.total_yen,
            "currency": "JPY",
        },
        "detail": detail,
    }
    if row.kind in {Happened.CERTIFIED, Happened.PART_CERTIFIED, Happened.ENDED_IN_PART}:
        about["certificate"] = _certificate(market, detail["number"])
    return [Told(type_, order.id, about, row.at) for type_ in TOLD_AS[Happened(row.kind)]]


def _certificate(market: Market, number: str) -> dict[str, JSON]:
    return {
        "number": number,
        "url": f"{market.base_url}/v1/certificates/{number}",
        "page_url": f"{market.base_url}/c/{number}",
    }


def _moment(raw: datetime | str) -> datetime:
    """SQLite hands times out as texts."""
    return raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
