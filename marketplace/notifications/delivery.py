"""Sends waiting events to their endpoints: at least once, what is about one subject in order, ten times over three days.

Each endpoint is served by one worker at a time, and all endpoints together take no more than a part of a worker's places, so that a
slow receiver holds up itself and nothing else. An attempt is noted before its request leaves: a crash in between costs one attempt.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import accumulate
from urllib.parse import urlsplit

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import organisations
from marketplace.accounts.roles import Role
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id, new_token
from marketplace.mail.service import send_later
from marketplace.market import Market
from marketplace.notifications import feed, signing
from marketplace.notifications.endpoints import secrets_in_force
from marketplace.notifications.models import Attempt, Delivery, Endpoint, EventRecord
from marketplace.notifications.posting import ANSWERS_WITHIN, Outcome, Posted, post
from marketplace.notifications.telling import DELIVER, TELL
from marketplace.outbox import service as outbox

log = structlog.get_logger()

# the pauses that the Standard Webhooks specification recommends: ten attempts over 75 h 35 min
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
ATTEMPTS = len(PAUSES) + 1
TAKES_UP_TO = tuple(accumulate(PAUSES))[-1]
PLACES = 6
PLACE_FREE_AFTER = timedelta(milliseconds=500)
# a job ends well inside its lease; what still waits gets a new turn behind the others
TURN = timedelta(seconds=5)
_HELD_FOR = TURN + 3 * ANSWERS_WITHIN
_SWEPT_AT_ONCE = 200

_HOLD = (
    "UPDATE webhook_endpoint SET busy_until = ?, busy_token = ? WHERE id = ? AND disabled_at IS NULL "
    "AND (busy_until IS NULL OR busy_until <= ?) AND (paused_until IS NULL OR paused_until <= ?) RETURNING id"
)
_NEXT = (
    "SELECT d.id FROM webhook_delivery d WHERE d.endpoint_id = ? AND d.state = 'waiting' AND d.next_at <= ? "
    "AND NOT EXISTS (SELECT 1 FROM webhook_delivery b WHERE b.endpoint_id = d.endpoint_id AND b.subject = d.subject "
    "AND b.state = 'waiting' AND b.position < d.position) ORDER BY d.position LIMIT 1"
)
_DUE_ENDPOINTS = (
    "SELECT DISTINCT d.endpoint_id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id "
    "WHERE d.state = 'waiting' AND d.next_at <= ? AND e.disabled_at IS NULL "
    "AND (e.paused_until IS NULL OR e.paused_until <= ?) AND (e.busy_until IS NULL OR e.busy_until <= ?) LIMIT ?"
)


async def sweep(market: Market) -> None:
    """Find what is to be told and what is due to be sent again; jobs do it."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        moment = now.isoformat(timespec="seconds")
        if await feed.anything_untold():
            await outbox.add(tx, TELL, f"{TELL}:{moment}", {}, at=now)
        for row in await tx.execute_query_dict(sql(tx, _DUE_ENDPOINTS), [now, now, now, _SWEPT_AT_ONCE]):
            endpoint_id = row["endpoint_id"]
            await outbox.add(tx, DELIVER, f"{DELIVER}:{endpoint_id}:{moment}", {"endpoint_id": endpoint_id}, at=now)

    await run_tx(work)


class Forgetting:
    """A sweep that works once an hour: what is older than thirty days goes."""

    EVERY = timedelta(hours=1)

    def __init__(self, market: Market) -> None:
        self._market = market
        self._next: datetime | None = None

    async def __call__(self) -> None:
        now = self._market.clock()
        if self._next is None or now >= self._next:
            self._next = now + self.EVERY
            await feed.forget_old(now)


class Courier:
    """Hands over what waits. One per worker: `places` is how many endpoints it serves at the same time."""

    def __init__(self, market: Market, *, places: int = PLACES) -> None:
        self._market, self._free = market, places

    async def deliver(self, endpoint_id: str) -> timedelta | None:
        """Job: send an endpoint what is due, for at most one turn. Safe to repeat, and at the same time elsewhere."""
        if self._free == 0:
            return PLACE_FREE_AFTER
        self._free -= 1
        try:
            return await self._serve(endpoint_id)
        finally:
            self._free += 1

    async def _serve(self, endpoint_id: str) -> timedelta | None:
        token = new_token()
        if not await self._hold(endpoint_id, token):
            return None  # gone, disabled, paused, or served by another worker: the sweep finds what it leaves
        began = time.monotonic()
        try:
            while (delivery := await self._next(endpoint_id)) is not None:
                if not await self._send(endpoint_id, delivery, token):
                    return None
                if time.monotonic() - began >= TURN.total_seconds():
                    return timedelta(0)
        finally:
            await Endpoint.filter(id=endpoint_id, busy_token=token).update(busy_until=None, busy_token=None)
        return None

    async def _hold(self, endpoint_id: str, token: str) -> bool:
        async def work(tx: BaseDBAsyncClient) -> bool:
            now = self._market.clock()
            return bool(await tx.execute_query_dict(sql(tx, _HOLD), [now + _HELD_FOR, token, endpoint_id, now, now]))

        return await run_tx(work)

    async def _next(self, endpoint_id: str) -> Delivery | None:
        async def work(tx: BaseDBAsyncClient) -> Delivery | None:
            rows = await tx.execute_query_dict(sql(tx, _NEXT), [endpoint_id, self._market.clock()])
            return await Delivery.get(id=rows[0]["id"]) if rows else None

        return await run_tx(work)

    async def _send(self, endpoint_id: str, delivery: Delivery, token: str) -> bool:
        """One attempt; whether the endpoint may get more now."""
        endpoint, event = await Endpoint.get(id=endpoint_id), await EventRecord.get(id=delivery.event_id)
        now, body = self._market.clock(), event.body.encode()
        signed = signing.headers(await secrets_in_force(self._market, endpoint_id, now=now), event.id, now, body)
        attempt = await run_tx(self._begin(delivery, now=now))
        posted = await post(self._market.webhooks, endpoint.url, signed, body)
        log.info("webhook_sent", endpoint=endpoint_id, event_id=event.id, outcome=posted.outcome, status=posted.status)
        await run_tx(self._settle(endpoint, delivery, attempt, posted, token))
        return posted.outcome is Outcome.DELIVERED

    @staticmethod
    def _begin(delivery: Delivery, *, now: datetime) -> Callable[[BaseDBAsyncClient], Awaitable[Attempt]]:
        """Note the attempt and when the next one would be, before anything leaves."""
        number = min(delivery.attempts + 1, ATTEMPTS)
        pause = PAUSES[number - 1] if number < ATTEMPTS else ANSWERS_WITHIN

        async def work(_: BaseDBAsyncClient) -> Attempt:
            await Delivery.filter(id=delivery.id).update(
                attempts=number, next_at=now + pause, begun_at=delivery.begun_at or now
            )
            return await Attempt.create(id=new_id("wha", now), delivery_id=delivery.id, at=now, snippet="")

        return work

    def _settle(
        self, endpoint: Endpoint, delivery: Delivery, attempt: Attempt, posted: Posted, token: str
    ) -> Callable[[BaseDBAsyncClient], Awaitable[None]]:
        async def work(tx: BaseDBAsyncClient) -> None:
            now = self._market.clock()
            await Attempt.filter(id=attempt.id).update(
                outcome=posted.outcome,
                status=posted.status,
                duration_ms=posted.duration_ms,
                snippet=posted.snippet,
            )
            waiting = Delivery.filter(id=delivery.id, state="waiting")
            mine = Endpoint.filter(id=endpoint.id, busy_token=token)
            last = delivery.attempts + 1 >= ATTEMPTS
            if posted.outcome is Outcome.DELIVERED:
                await waiting.update(state="delivered", next_at=None, settled_at=now)
                await mine.update(last_success_at=now)
                return
            if posted.wait is not None:
                await mine.update(paused_until=now + posted.wait)
                await waiting.filter(next_at__lt=now + posted.wait).update(next_at=now + posted.wait)
            if posted.outcome is Outcome.GONE:
                await self._disable(tx, endpoint, "gone", now=now)
            elif last:
                await waiting.update(state="given_up", next_at=None, settled_at=now)
                begun = delivery.begun_at or now
                fresh = await Endpoint.get_or_none(id=endpoint.id)
                if fresh is not None and (fresh.last_success_at is None or fresh.last_success_at < begun):
                    await self._disable(tx, endpoint, "failing", now=now)

        return work

    async def _disable(self, tx: BaseDBAsyncClient, endpoint: Endpoint, because: str, *, now: datetime) -> None:
        """And tell those who can mend it, once."""
        living = Endpoint.filter(id=endpoint.id, disabled_at__isnull=True)
        if await living.update(disabled_at=now, disabled_because=because) != 1:
            return
        # the address may carry a secret in its path or query
        params = {"host": urlsplit(endpoint.url).hostname or "", "endpoint_id": endpoint.id, "because": because}
        for member in await organisations.members_of(endpoint.organisation_id):
            person = member.person
            if member.role is Role.OWNER and person.email is not None:
                key = f"webhook_disabled:{endpoint.id}:{now.isoformat()}:{person.id}"
                await send_later(tx, "webhook_disabled", person.email, person.locale, params, key=key, at=now)
