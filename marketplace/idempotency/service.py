"""One request per key, for ever: carry it out once, give the same answer ever after, and take over what a crash left.

The caller marks a request as begun, carries it out, and writes down its answer. If it dies in between, the mark runs
out and the same request may begin again; the use case must then find what it did before: an order, a deposit and a plan find
themselves by their external reference, and whatever has none by a note written with it (`note_made`).
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marketplace.database import rows
from marketplace.errors import MarketplaceError
from marketplace.idempotency.models import KeyedEffect, KeyedRequest
from marketplace.ids import new_id

# Writes down what a request has made, inside the transaction that makes it; takes the id.
NoteMade = Callable[[str], Awaitable[None]]


class IdempotencyKeyReused(MarketplaceError):
    """The key stands for another request."""

    code = "idempotency_key_reused"


class IdempotentRequestInFlight(MarketplaceError):
    """The same request is being carried out at this moment; params: retry_after_seconds."""

    code = "idempotent_request_in_flight"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the request was answered, to the byte; statuses 200 to 499."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Begun:
    """Carry the request out now. `again` says that an earlier attempt may have had its effect without an answer."""

    id: str
    token: str = field(repr=False)
    again: bool


async def begin(scope: str, key: str, request_sha256: str, *, lease: timedelta, now: datetime) -> Begun | Answer:
    """Raises IdempotencyKeyReused, IdempotentRequestInFlight."""
    token = secrets.token_hex(16)
    fresh = KeyedRequest(
        id=new_id("idm", now),
        scope=scope,
        key=key,
        request_sha256=request_sha256,
        lease_token=token,
        lease_until=now + lease,
        created_at=now,
    )
    if await rows.insert_missing(fresh):
        return Begun(fresh.id, token, again=False)
    row = await rows.get(KeyedRequest, scope=scope, key=key)
    if row.request_sha256 != request_sha256:
        raise IdempotencyKeyReused("this key was used for another request")
    if row.status is not None and row.headers is not None and row.body is not None:
        return Answer(row.status, json.loads(row.headers), bytes(row.body))
    if row.lease_until > now or not await _take_over(row, token, now + lease):
        seconds = max(1, round((row.lease_until - now).total_seconds()))
        raise IdempotentRequestInFlight("the same request is being carried out", retry_after_seconds=seconds)
    return Begun(row.id, token, again=True)


async def _take_over(row: KeyedRequest, token: str, until: datetime) -> bool:
    unchanged = KeyedRequest.filter(id=row.id, lease_token=row.lease_token, answered_at__isnull=True)
    return await unchanged.update(lease_token=token, lease_until=until) == 1


async def finish(begun: Begun, answer: Answer, *, now: datetime) -> bool:
    """Write the answer down; False if somebody else took the request over meanwhile, whose answer then counts."""
    held = {"id": begun.id, "lease_token": begun.token, "answered_at": None}
    headers = json.dumps(dict(answer.headers), sort_keys=True)
    written = await rows.change(
        KeyedRequest, held, status=answer.status, headers=headers, body=answer.body, answered_at=now
    )
    return written == 1


async def give_up(begun: Begun, *, now: datetime) -> None:
    """It came to nothing that should stay: the same request may begin again at once."""
    await KeyedRequest.filter(id=begun.id, lease_token=begun.token, answered_at__isnull=True).update(lease_until=now)


async def note_made(request_id: str, made_id: str) -> None:
    """Inside the transaction that makes it. A second thing under the same request is refused by the database."""
    await rows.insert(KeyedEffect(request_id=request_id, made_id=made_id))


async def made_by(request_id: str) -> str | None:
    """What an attempt at this request has made, if it came that far."""
    effect = await rows.find(KeyedEffect, request_id=request_id)
    return None if effect is None else effect.made_id
