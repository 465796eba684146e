"""What an organisation does with its endpoints: register, test, rotate, disable, replay, delete."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import NotAMember
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.notifications import signing, telling
from marketplace.notifications.addresses import check
from marketplace.notifications.errors import EndpointExists, EndpointNotFound, EventNotFound, TooManyEndpoints
from marketplace.notifications.kinds import EventType
from marketplace.notifications.models import Attempt, Delivery, Endpoint, EndpointSecret, EventRecord
from marketplace.notifications.telling import DELIVER, Told, publish, send_to
from marketplace.outbox import service as outbox

MOST_ENDPOINTS = 10
LONGEST_DESCRIPTION = 200
# how long a receiver has to learn the new secret
OLD_SECRET_SIGNS_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Logged:
    """One delivery as its endpoint's owner sees it, with its attempts in order."""

    delivery: Delivery
    type: str
    attempts: Sequence[Attempt]


async def register(
    market: Market, actor: Actor, url: str, *, types: Collection[EventType] = (), description: str = ""
) -> tuple[Endpoint, str]:
    """The second value is the secret, which is shown this once. Without `types` all events are sent.

    Raises AddressNotAllowed, EndpointExists, TooManyEndpoints, NotAMember.
    """
    organisation_id = organisation_of(actor)
    await check(url, market.webhooks)
    secret = signing.new_secret()

    async def work(tx: BaseDBAsyncClient) -> Endpoint:
        now = market.clock()
        known = await of_organisation(organisation_id)
        for other in known:
            if other.url == url:
                raise EndpointExists("there is an endpoint at this address", id=other.id)
        if len(known) >= MOST_ENDPOINTS:
            raise TooManyEndpoints(f"at most {MOST_ENDPOINTS} endpoints", most=MOST_ENDPOINTS)
        endpoint = await Endpoint.create(
            id=new_id("whe", now),
            organisation_id=organisation_id,
            url=url,
            description=description,
            types=" ".join(sorted(types)),
            created_at=now,
        )
        await _keep(market, endpoint.id, secret, now=now)
        await audit.record(tx, actor, "webhook.registered", endpoint.id, None, {"url": url}, at=now)
        return endpoint

    try:
        return await run_tx(work), secret
    except IntegrityError as clash:
        # the same request twice at once: the address is unique in the database too
        taken = await Endpoint.get_or_none(organisation_id=organisation_id, url=url)
        if taken is None:
            raise
        raise EndpointExists("there is an endpoint at this address", id=taken.id) from clash


async def of_organisation(organisation_id: str) -> Sequence[Endpoint]:
    return await Endpoint.filter(organisation_id=organisation_id).order_by("id")


async def find(actor: Actor, endpoint_id: str) -> Endpoint:
    """Raises EndpointNotFound, also for another organisation's."""
    endpoint = await Endpoint.get_or_none(id=endpoint_id, organisation_id=organisation_of(actor))
    if endpoint is None:
        raise EndpointNotFound(f"no endpoint {endpoint_id}", endpoint_id=endpoint_id)
    return endpoint


async def delete(market: Market, actor: Actor, endpoint_id: str) -> None:
    """For good, with its log; what waits is not sent any more. Raises EndpointNotFound."""
    endpoint = await find(actor, endpoint_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        if await Endpoint.filter(id=endpoint.id).delete():
            await audit.record(
                tx, actor, "webhook.deleted", endpoint.id, None, {"url": endpoint.url}, at=market.clock()
            )

    await run_tx(work)


async def rotate(market: Market, actor: Actor, endpoint_id: str) -> str:
    """A new secret, shown this once; for a day the old one signs beside it. Raises EndpointNotFound."""
    endpoint, secret = await find(actor, endpoint_id), signing.new_secret()

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        in_force = EndpointSecret.filter(endpoint_id=endpoint.id, ends_at__isnull=True)
        await in_force.update(ends_at=now + OLD_SECRET_SIGNS_FOR)
        await EndpointSecret.filter(endpoint_id=endpoint.id, ends_at__lte=now).delete()
        await _keep(market, endpoint.id, secret, now=now)
        await audit.record(tx, actor, "webhook.rotated", endpoint.id, None, {}, at=now)

    await run_tx(work)
    return secret


async def secrets_in_force(market: Market, endpoint_id: str, *, now: datetime) -> list[str]:
    """The newest first. Raises SealBroken."""
    rows = await EndpointSecret.filter(endpoint_id=endpoint_id).order_by("-id")
    return [market.seals.open(row.secret, endpoint_id) for row in rows if row.ends_at is None or row.ends_at > now]


async def switch(market: Market, actor: Actor, endpoint_id: str, *, on: bool) -> Endpoint:
    """On: what waits is sent now. Off: nothing is sent, and what happens meanwhile can be replayed. Raises EndpointNotFound."""
    endpoint = await find(actor, endpoint_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        other = Endpoint.filter(id=endpoint.id, disabled_at__isnull=not on)
        if on:
            changed = await other.update(disabled_at=None, disabled_because=None, paused_until=None)
        else:
            changed = await other.update(disabled_at=now, disabled_because="by_owner")
        if not changed:
            return  # it is already as wanted
        if on:
            await Delivery.filter(endpoint_id=endpoint.id, state="waiting").update(next_at=now)
            await _wake(tx, endpoint, now=now)
        act = "webhook.enabled" if on else "webhook.disabled"
        await audit.record(tx, actor, act, endpoint.id, None, {}, at=now)

    await run_tx(work)
    return await find(actor, endpoint_id)


async def send_test(market: Market, actor: Actor, endpoint_id: str) -> EventRecord:
    """An event of type endpoint.test, to this endpoint alone. Raises EndpointNotFound."""
    endpoint = await find(actor, endpoint_id)

    async def work(tx: BaseDBAsyncClient) -> EventRecord:
        now = market.clock()
        data: dict[str, JSON] = {"webhook_endpoint": {"id": endpoint.id, "url": endpoint.url}}
        told = Told(EventType.ENDPOINT_TEST, endpoint.id, data, now)
        (event,) = await publish(tx, endpoint.organisation_id, [told], now=now)
        await send_to(tx, endpoint, [event], now=now)
        return event

    return await run_tx(work)


async def replay(
    market: Market, actor: Actor, endpoint_id: str, *, event_id: str | None = None, since: datetime | None = None
) -> int:
    """Send one event again, or all that the endpoint wants since a time, also those it never got; returns how many.

    The messages keep their ids, so that a receiver knows them again. Raises EndpointNotFound, EventNotFound.
    """
    endpoint = await find(actor, endpoint_id)
    wanted = EventRecord.filter(organisation_id=endpoint.organisation_id)
    if event_id is not None:
        events = await wanted.filter(id=event_id)
        if not events:
            raise EventNotFound(f"no event {event_id} is kept", event_id=event_id)
    else:
        kept = await wanted.filter(at__gte=since or market.clock() - telling.KEPT_FOR).order_by("position")
        types = set(endpoint.types.split()) or set(EventType) - {EventType.ENDPOINT_TEST}
        events = [event for event in kept if event.type in types]

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        ids = [event.id for event in events]
        known = Delivery.filter(endpoint_id=endpoint.id, event_id__in=ids)
        sent_before = {delivery.event_id for delivery in await known}
        await known.update(state="waiting", attempts=0, begun_at=None, next_at=now, settled_at=None)
        await send_to(tx, endpoint, [event for event in events if event.id not in sent_before], now=now)
        await _wake(tx, endpoint, now=now)

    if events:
        await run_tx(work)
    return len(events)


async def log_of(actor: Actor, endpoint_id: str, *, limit: int, before: int | None = None) -> Sequence[Logged]:
    """The newest events first; `before` is the position where the last page ended. Raises EndpointNotFound."""
    endpoint = await find(actor, endpoint_id)
    rows = Delivery.filter(endpoint_id=endpoint.id)
    if before is not None:
        rows = rows.filter(position__lt=before)
    deliveries = await rows.order_by("-position").limit(limit)
    attempts = await Attempt.filter(delivery_id__in=[one.id for one in deliveries]).order_by("id")
    types = {one.id: one.type for one in await EventRecord.filter(id__in=[one.event_id for one in deliveries])}
    return [
        Logged(one, types[one.event_id], [attempt for attempt in attempts if attempt.delivery_id == one.id])
        for one in deliveries
    ]


def organisation_of(actor: Actor) -> str:
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    return actor.organisation_id


async def _keep(market: Market, endpoint_id: str, secret: str, *, now: datetime) -> None:
    """Sealed: a copy of the database signs nothing."""
    sealed = market.seals.seal(secret, endpoint_id)
    await EndpointSecret.create(
        id=new_id("whs", now),
        endpoint_id=endpoint_id,
        secret=sealed,
        sealed_with=market.seals.newest,
        created_at=now,
    )


async def _wake(tx: BaseDBAsyncClient, endpoint: Endpoint, *, now: datetime) -> None:
    await outbox.add(tx, DELIVER, f"{DELIVER}:{new_id('wake', now)}", {"endpoint_id": endpoint.id}, at=now)
