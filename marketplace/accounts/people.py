"""People by their verified mail address, and what each may do."""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Membership, Organisation, Person, ServiceRole
from marketplace.accounts.roles import Role, roles_of_member
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.address import checked

LONGEST_NAME = 100


def normalised(email: str) -> str:
    """One spelling per mailbox as far as everybody agrees on it. Raises AddressRefused."""
    return checked(email.strip().lower())


async def find(email: str) -> Person | None:
    return await Person.get_or_none(email=email)


async def add(email: str, locale: str, *, now: datetime) -> Person:
    """Inside a transaction; `email` is normalised and its owner has shown to read it. Named after the address until it says more."""
    return await Person.create(
        id=new_id("per", now), name=email.partition("@")[0][:LONGEST_NAME], email=email, locale=locale, created_at=now
    )


async def actor(person: Person, organisation_id: str | None) -> Actor:
    """What the person may do now, acting for this organisation; of one that it is not a member of, it gets nothing."""
    membership = (
        await Membership.get_or_none(person_id=person.id, organisation_id=organisation_id) if organisation_id else None
    )
    organisation = await Organisation.get(id=membership.organisation_id) if membership else None
    provider_id = organisation.provider_id if organisation else None
    roles = frozenset(Role(row.role) for row in await ServiceRole.filter(person_id=person.id))
    if membership:
        roles |= roles_of_member(Role(membership.role), sells=provider_id is not None)
    return Actor(
        person_id=person.id,
        name=person.name,
        email=person.email or "",
        organisation_id=organisation.id if organisation else None,
        provider_id=provider_id if Role.PROVIDER in roles else None,
        roles=roles,
    )


async def rename(actor: Actor, name: str, *, clock: Clock) -> None:
    """The person itself, who may be called what it likes."""

    async def work(tx: BaseDBAsyncClient) -> None:
        await Person.filter(id=actor.person_id).update(name=name)
        await audit.record(tx, actor, "person.renamed", actor.person_id, None, {}, at=clock())

    await run_tx(work)


async def grant(person_id: str, role: Role, *, now: datetime) -> None:
    """A role in the service; having it already changes nothing."""
    await ServiceRole.get_or_create({"id": new_id("rol", now), "created_at": now}, person_id=person_id, role=role)
