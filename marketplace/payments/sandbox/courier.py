"""Delivers webhooks: signed, again and again until the receiver answers 2xx, in no promised order.

The queue lies in the sandbox's file, so a restart goes on where a kill stopped it; what was under way then is sent again.
Source: https://docs.stripe.com/webhooks#behaviors and #verify-manually
"""

import asyncio
import hashlib
import hmac
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from marketplace.payments.sandbox import clock
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import no_such
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

FIRST_WAIT, LONGEST_WAIT = 1.0, 3600.0
MOST_ATTEMPTS = 80  # some three days
AT_ONCE = 8
PATIENCE = 10.0
IDLE = 0.5  # how long a delivery that becomes due by itself may wait unseen


@dataclass(frozen=True, slots=True)
class Delivery:
    id: int
    attempts: int
    body: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """`answer` is the receiver's HTTP status, or what went wrong."""

    event: str
    type: str
    answer: str


def sign(body: str, secrets: Sequence[str], moment: int) -> str:
    """The signature header: the time, and one `v1` for each current secret."""
    payload = f"{moment}.{body}".encode()
    digests = (hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest() for secret in secrets)
    return f"t={moment}," + ",".join(f"v1={digest}" for digest in digests)


class Courier:
    def __init__(self, settings: SandboxPaymentSettings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._woken = asyncio.Event()
        self._under_way: set[int] = set()

    def wake(self) -> None:
        """Something may be due now."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver what is due until cancelled."""
        if self._settings.webhook_url is None:
            return
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client, asyncio.TaskGroup() as tasks:
            free = asyncio.Semaphore(AT_ONCE)
            while True:
                self._woken.clear()
                for delivery in self._due():
                    await free.acquire()
                    self._under_way.add(delivery.id)
                    tasks.create_task(self._deliver_and_release(client, delivery, free))
                try:
                    await asyncio.wait_for(self._woken.wait(), IDLE)
                except TimeoutError:
                    continue

    async def _deliver_and_release(
        self, client: httpx.AsyncClient, delivery: Delivery, free: asyncio.Semaphore
    ) -> None:
        try:
            await self._deliver(client, delivery)
        finally:
            self._under_way.discard(delivery.id)
            free.release()

    async def deliver_now(self, events: Sequence[str], *, times: int) -> Sequence[Delivered]:
        """Send these events `times` times each, one after the other in this order, whatever became of them before.

        Raises: ApiError 404 for an unknown event.
        """
        with self._database.transaction() as connection:
            rows = [_recorded(connection, event) for event in events]
            connection.executemany(
                "UPDATE delivery SET state = 'held' WHERE event = ? AND state = 'queued'", [[event] for event in events]
            )
        delivered = []
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
            for row in rows:
                answers = [await self._post(client, row["body"]) for _ in range(times)]
                delivered += [Delivered(row["id"], row["type"], answer) for answer in answers]
                with self._database.transaction() as connection:
                    connection.execute(
                        "UPDATE delivery SET state = ?, answer = ?, attempts = attempts + 1 "
                        "WHERE event = ? AND state IN ('held', 'dropped', 'given_up')",
                        ["delivered" if any(map(_taken, answers)) else "queued", answers[-1], row["id"]],
                    )
        return delivered

    def _due(self) -> Sequence[Delivery]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT delivery.id, attempts, body FROM delivery JOIN event ON event.id = delivery.event "
                "WHERE state = 'queued' AND due <= ? ORDER BY due, delivery.id LIMIT 100",
                [clock.now(connection)],
            ).fetchall()
        return [Delivery(**row) for row in rows if row["id"] not in self._under_way]

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        answer = await self._post(client, delivery.body)
        attempts = delivery.attempts + 1
        if _taken(answer):
            state, wait = "delivered", 0.0
        elif attempts >= MOST_ATTEMPTS:
            state, wait = "given_up", 0.0
        else:
            state, wait = "queued", min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.attempts, 20))
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET state = ?, due = ?, attempts = ?, answer = ? WHERE id = ? AND state = 'queued'",
                [state, clock.now(connection) + wait, attempts, answer, delivery.id],
            )

    async def _post(self, client: httpx.AsyncClient, body: str) -> str:
        """The receiver's status, or the name of what went wrong. A redirect is not followed: it counts as a failure."""
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            # by the machine's clock, not the sandbox's: the receiver compares it with its own
            "Stripe-Signature": sign(body, self._settings.webhook_secrets, int(time.time())),
        }
        try:
            response = await client.post(self._settings.webhook_url or "", content=body.encode(), headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(response.status_code)


def _recorded(connection: sqlite3.Connection, event: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute("SELECT id, type, body FROM event WHERE id = ?", [event]).fetchone()
    if row is None:
        raise no_such("event", event)
    return row


def _taken(answer: str) -> bool:
    return len(answer) == 3 and answer.startswith("2")
