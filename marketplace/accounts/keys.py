"""API keys: shown once, kept as a hash, for named purposes, for a while. A test key opens sandboxes, a live key the live service."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import ApiKeyOfOtherEnvironment, ApiKeyUnknown, NotAMember, ScopeUnknown
from marketplace.accounts.models import ApiKey
from marketplace.accounts.roles import Role
from marketplace.accounts.secrets import new_secret, sha256_of
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id

LONGEST_NAME = 100
_NOTED_EVERY = timedelta(minutes=1)
_SHOWN_CHARACTERS = 6
_FORM = re.compile(r"ashiato_(test|live)_[A-Za-z0-9_-]{43}")
_KINDS = {"sandbox": "test", "live": "live"}


class Scope(StrEnum):
    """What a key is made for."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_WRITE = "webhooks:write"
    EVENT_PAGES_READ = "event_pages:read"
    EVENT_PAGES_WRITE = "event_pages:write"
    BALANCE_READ = "balance:read"
    BALANCE_WRITE = "balance:write"
    HOLDINGS_WRITE = "holdings:write"


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A program that has shown a key. `actor` acts for the key's organisation, as a buyer."""

    key_id: str
    actor: Actor
    scopes: frozenset[Scope]


async def create(
    actor: Actor, name: str, scopes: Collection[str], *, environment: str, expires_at: datetime | None, clock: Clock
) -> tuple[ApiKey, str]:
    """For the actor's organisation; the second value is the key itself, which nobody can read again. Raises ScopeUnknown."""
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    for scope in scopes:
        if scope not in set(Scope):
            raise ScopeUnknown(f"no such scope: {scope}", scope=scope)
    secret = f"ashiato_{_KINDS[environment]}_{new_secret()}"

    async def work(tx: BaseDBAsyncClient) -> ApiKey:
        now = clock()
        key = await ApiKey.create(
            id=new_id("key", now),
            organisation_id=actor.organisation_id,
            name=name,
            shown_part=secret[: len("ashiato_test_") + _SHOWN_CHARACTERS],
            secret_sha256=sha256_of(secret),
            scopes=" ".join(sorted(scopes)),
            created_by=actor.person_id,
            created_at=now,
            expires_at=expires_at,
        )
        await audit.record(tx, actor, "api_key.created", key.id, None, {"scopes": " ".join(sorted(scopes))}, at=now)
        return key

    return await run_tx(work), secret


async def find(secret: str, *, environment: str, now: datetime) -> KeyHolder:
    """Raises ApiKeyUnknown for what is no living key, ApiKeyOfOtherEnvironment by its form alone."""
    form = _FORM.fullmatch(secret)
    if form is None:
        raise ApiKeyUnknown("no such key")
    if form.group(1) != _KINDS[environment]:
        raise ApiKeyOfOtherEnvironment(f"a {form.group(1)} key does not open this service")
    key = await rows.find(ApiKey, secret_sha256=sha256_of(secret), revoked_at=None)
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        raise ApiKeyUnknown("no such key")
    if key.last_used_at is None or now - key.last_used_at >= _NOTED_EVERY:
        await ApiKey.filter(id=key.id, revoked_at__isnull=True).update(last_used_at=now)
    actor = Actor(key.id, key.name, "", key.organisation_id, None, frozenset({Role.BUYER}))
    return KeyHolder(key.id, actor, frozenset(Scope(scope) for scope in key.scopes.split()))


async def of_organisation(organisation_id: str) -> Sequence[ApiKey]:
    """Also those that are revoked or have expired, the newest first."""
    return await ApiKey.filter(organisation_id=organisation_id).order_by("-id")


async def revoke(actor: Actor, key_id: str, *, clock: Clock) -> None:
    """At once and for good. Raises ApiKeyUnknown if the actor's organisation has no such living key."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        living = ApiKey.filter(id=key_id, organisation_id=actor.organisation_id, revoked_at__isnull=True)
        if actor.organisation_id is None or await living.update(revoked_at=now) != 1:
            raise ApiKeyUnknown("no such key")
        await audit.record(tx, actor, "api_key.revoked", key_id, None, {}, at=now)

    await run_tx(work)
