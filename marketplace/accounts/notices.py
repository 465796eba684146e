"""Mails that tell somebody what was done in its name: signed in from a browser never seen before, ways to sign in changed."""

from datetime import datetime
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.models import KnownDevice, Person
from marketplace.accounts.secrets import sha256_of
from marketplace.ids import new_id
from marketplace.mail.service import send_later


class Change(StrEnum):
    """What about signing in has changed."""

    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    APP_SET = "app_set"
    APP_REMOVED = "app_removed"


async def meet(tx: BaseDBAsyncClient, person: Person, mark: str, device: str, *, now: datetime) -> None:
    """Inside the transaction that starts a session: the browser with this secret mark is remembered, and told of if it is new.

    `device` is what it called itself. Whoever has just come for the first time knows where it is, and gets no mail.
    """
    known = KnownDevice.filter(person_id=person.id, mark_sha256=sha256_of(mark))
    if await known.update(last_seen_at=now):
        return
    new = await KnownDevice.create(
        id=new_id("dev", now),
        person_id=person.id,
        mark_sha256=sha256_of(mark),
        first_seen_at=now,
        last_seen_at=now,
    )
    if person.created_at < now and person.email is not None:
        params = {"device": "".join(one for one in device if one.isprintable())[:200], "at": now.isoformat()}
        await send_later(tx, "new_device", person.email, person.locale, params, key=f"new_device:{new.id}", at=now)


async def tell(tx: BaseDBAsyncClient, person_id: str, change: Change, *, now: datetime) -> None:
    """Inside the transaction that changes it."""
    person = await Person.get(id=person_id)
    if person.email is not None:
        params = {"what": change.value, "at": now.isoformat()}
        key = f"sign_in_changed:{new_id('ntc', now)}"
        await send_later(tx, "sign_in_changed", person.email, person.locale, params, key=key, at=now)
