"""What an operator does to other people's accounts: always with a reason, always written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import notices, people, second_factor, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import PersonUnknown, ProviderUnknown
from marketplace.accounts.models import Membership, Organisation, Person, ServiceRole
from marketplace.accounts.notices import Change
from marketplace.accounts.roles import Role
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.models import Provider


@dataclass(frozen=True, slots=True)
class Privileged:
    """Somebody who may more than buy; `where` is "service" or the id of a provider."""

    email: str
    role: Role
    where: str


async def privileged() -> Sequence[Privileged]:
    """Everyone who runs the service or sells in it."""
    service_roles = await ServiceRole.all().order_by("created_at", "id")
    sellers = {one.id: one.provider_id for one in await Organisation.filter(provider_id__isnull=False)}
    memberships = await Membership.filter(organisation_id__in=list(sellers)).order_by("created_at", "id")
    ids = {row.person_id for row in service_roles} | {row.person_id for row in memberships}
    emails = {person.id: person.email or "" for person in await Person.filter(id__in=list(ids))}
    return [
        *(Privileged(emails[row.person_id], Role(row.role), "service") for row in service_roles),
        *(Privileged(emails[row.person_id], Role(row.role), str(sellers[row.organisation_id])) for row in memberships),
    ]


async def organisation_of_provider(actor: Actor, provider_id: str, *, clock: Clock) -> str:
    """The organisation through which the provider's people sign in; founded when first asked for. Raises ProviderUnknown."""
    provider = await Provider.get_or_none(id=provider_id)
    if provider is None:
        raise ProviderUnknown(f"no provider {provider_id}", provider_id=provider_id)

    async def work(tx: BaseDBAsyncClient) -> str:
        now = clock()
        organisation, new = await Organisation.get_or_create(
            {"id": new_id("org", now), "name": provider.name_ja, "created_at": now}, provider_id=provider_id
        )
        if new:
            await audit.record(
                tx, actor, "organisation.founded", organisation.id, None, {"provider": provider_id}, at=now
            )
        return organisation.id

    return await run_tx(work)


async def revoke(actor: Actor, typed: str, role: Role, *, reason: str | None, clock: Clock) -> None:
    """Take a role in the service away, and end every session of that person. Raises PersonUnknown, ReasonMissing."""
    why = audit.stated(reason)
    person = await _person(typed)

    async def work(tx: BaseDBAsyncClient) -> None:
        if await ServiceRole.filter(person_id=person.id, role=role).delete() != 1:
            raise PersonUnknown(f"nobody of this address is {role}")
        await sessions.end_all(person.id)
        await audit.record(tx, actor, "role.revoked", person.id, why, {"role": role.value}, at=clock())

    await run_tx(work)


async def sign_out(actor: Actor, typed: str, *, reason: str | None, clock: Clock) -> int:
    """End every session of somebody, for instance whose device was stolen; returns how many. Raises PersonUnknown, ReasonMissing."""
    why = audit.stated(reason)
    person = await _person(typed)

    async def work(tx: BaseDBAsyncClient) -> int:
        ended = await sessions.end_all(person.id)
        await audit.record(tx, actor, "sessions.ended", person.id, why, {"sessions": ended}, at=clock())
        return ended

    return await run_tx(work)


async def forget_second_factor(actor: Actor, typed: str, *, reason: str | None, clock: Clock) -> None:
    """For somebody who lost both app and recovery codes and was identified otherwise. Raises PersonUnknown, ReasonMissing."""
    why = audit.stated(reason)
    person = await _person(typed)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        await second_factor.forget(person.id)
        await sessions.end_all(person.id)
        await notices.tell(tx, person.id, Change.APP_REMOVED, now=now)
        await audit.record(tx, actor, "second_factor.forgotten", person.id, why, {}, at=now)

    await run_tx(work)


async def _person(typed: str) -> Person:
    person = await people.find(people.normalised(typed))
    if person is None:
        raise PersonUnknown("nobody of this address has an account")
    return person
