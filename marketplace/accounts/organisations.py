"""Organisations, who belongs to them in which role, and who may no longer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import LastOwnerStays, NotAMember, RoleDoesNotFit
from marketplace.accounts.models import Membership, Organisation, Person, Session
from marketplace.accounts.roles import IN_ORGANISATIONS, Role
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id


@dataclass(frozen=True, slots=True)
class Member:
    person: Person
    role: Role
    since: datetime


@dataclass(frozen=True, slots=True)
class Belonging:
    """An organisation a person belongs to, and as what."""

    organisation: Organisation
    role: Role


async def found(person: Person, name: str, *, now: datetime, provider_id: str | None = None) -> Organisation:
    """Inside a transaction: a new organisation with `person` as its owner."""
    organisation = await Organisation.create(id=new_id("org", now), name=name, provider_id=provider_id, created_at=now)
    await join(person.id, organisation, Role.OWNER, now=now)
    return organisation


async def join(person_id: str, organisation: Organisation, role: Role, *, now: datetime) -> None:
    """Inside a transaction. Whoever belongs already keeps its role. Raises RoleDoesNotFit."""
    check_role(role, organisation)
    await Membership.get_or_create(
        {"id": new_id("mem", now), "role": role, "created_at": now},
        person_id=person_id,
        organisation_id=organisation.id,
    )


def check_role(role: Role, organisation: Organisation) -> None:
    if role not in IN_ORGANISATIONS or (role is Role.PROVIDER and organisation.provider_id is None):
        raise RoleDoesNotFit(f"{organisation.id} has no members of role {role}", role=role)


async def members_of(organisation_id: str) -> Sequence[Member]:
    rows = await Membership.filter(organisation_id=organisation_id).order_by("created_at", "id")
    persons = {person.id: person for person in await Person.filter(id__in=[row.person_id for row in rows])}
    return [Member(persons[row.person_id], Role(row.role), row.created_at) for row in rows]


async def of_person(person_id: str) -> Sequence[Belonging]:
    rows = await Membership.filter(person_id=person_id).order_by("created_at", "id")
    found_ones = await Organisation.filter(id__in=[row.organisation_id for row in rows])
    by_id = {organisation.id: organisation for organisation in found_ones}
    return [Belonging(by_id[row.organisation_id], Role(row.role)) for row in rows]


async def rename(actor: Actor, name: str, *, clock: Clock) -> None:
    """By an owner, of its own organisation."""

    async def work(tx: BaseDBAsyncClient) -> None:
        await Organisation.filter(id=_organisation_of(actor)).update(name=name)
        await audit.record(tx, actor, "organisation.renamed", _organisation_of(actor), None, {}, at=clock())

    await run_tx(work)


async def change_role(actor: Actor, person_id: str, role: Role, *, clock: Clock) -> None:
    """By an owner. Raises NotAMember, RoleDoesNotFit, LastOwnerStays."""
    organisation_id = _organisation_of(actor)
    check_role(role, await Organisation.get(id=organisation_id))

    async def work(tx: BaseDBAsyncClient) -> None:
        membership = await _membership(organisation_id, person_id)
        await Membership.filter(id=membership.id).update(role=role)
        await audit.record(
            tx, actor, "member.role_changed", person_id, None, {"from": membership.role, "to": role}, at=clock()
        )

    await unless_last_owner(work)


async def remove(actor: Actor, person_id: str, *, clock: Clock) -> None:
    """By an owner, or the member itself, who leaves. Its sessions no longer act for the organisation.

    Raises NotAMember, LastOwnerStays.
    """
    organisation_id = _organisation_of(actor)

    async def work(tx: BaseDBAsyncClient) -> None:
        membership = await _membership(organisation_id, person_id)
        await Session.filter(person_id=person_id, organisation_id=organisation_id).update(organisation_id=None)
        await Membership.filter(id=membership.id).delete()
        act = "member.left" if person_id == actor.person_id else "member.removed"
        await audit.record(tx, actor, act, person_id, None, {"role": membership.role}, at=clock())

    await unless_last_owner(work)


def _organisation_of(actor: Actor) -> str:
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    return actor.organisation_id


async def _membership(organisation_id: str, person_id: str) -> Membership:
    membership = await Membership.get_or_none(organisation_id=organisation_id, person_id=person_id)
    if membership is None:
        raise NotAMember("no such member")
    return membership


async def unless_last_owner(work: Callable[[BaseDBAsyncClient], Awaitable[None]]) -> None:
    """The database refuses to lose the last owner; here it gets its name."""
    try:
        await run_tx(work)
    except (IntegrityError, OperationalError) as refused:
        if "last_owner_stays" not in str(refused):
            raise
        raise LastOwnerStays("an organisation with members keeps an owner") from refused
