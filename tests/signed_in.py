"""Somebody signed in with a role, for tests of pages: in memory with `signed_in`, over HTTP with tests/e2e/signed_in.py."""

from dataclasses import dataclass

import httpx
import pyotp

from frontend.agreement import versions_in_force
from marketplace.accounts import agreements, organisations, people, second_factor, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Person
from marketplace.accounts.roles import IN_THE_SERVICE, NEED_SECOND_FACTOR, Role
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Provider
from tests.builders.market import SmallMarket

COOKIE = "__Host-session"


@dataclass(frozen=True)
class Visitor:
    """`token` is the cookie of the session, `forms_token` what its forms carry."""

    actor: Actor
    token: str
    forms_token: str


async def a_person(small: SmallMarket, email: str) -> Person:
    async def work(_: object) -> Person:
        return await people.find(email) or await people.add(email, "ja", now=small.clock())

    return await run_tx(work)


async def an_actor(
    small: SmallMarket, *roles: Role, email: str = "someone@ashiato.example", provider_id: str = "prov_a"
) -> Actor:
    """A person with these roles: one organisation of its own for the roles in organisations, a provider's if it sells."""
    person = await a_person(small, email)
    now = small.clock()

    async def work(_: object) -> str | None:
        for role in IN_THE_SERVICE & set(roles):
            await people.grant(person.id, role, now=now)
        inside = [role for role in roles if role not in IN_THE_SERVICE]
        if not inside:
            return None
        sells = Role.PROVIDER in inside
        if sells:
            await Provider.get_or_create({"name_ja": "供給者", "name_en": "Provider", "invented": True}, id=provider_id)
        organisation = await organisations.found(
            person, "足跡学会", now=now, provider_id=provider_id if sells else None
        )
        if Role.OWNER not in inside:
            founder = await people.add(f"founder-{person.id}@ashiato.example", "ja", now=now)
            await organisations.join(founder.id, organisation, Role.OWNER, now=now)
            await organisations.Membership.filter(person_id=person.id).update(role=inside[0])
        return organisation.id

    return await people.actor(person, await run_tx(work))


async def visit_as(small: SmallMarket, actor: Actor) -> Visitor:
    """A session of the actor, which has shown a second factor if a role of its needs one."""
    visitor = await session_without_second_factor(small, actor)
    if not actor.is_any(*NEED_SECOND_FACTOR):
        return visitor
    signed_in = await sessions.find(visitor.token, now=small.clock())
    assert signed_in is not None
    return await _visitor(small, await _with_second_factor(small, signed_in))


async def session_without_second_factor(small: SmallMarket, actor: Actor) -> Visitor:
    """As it is right after the link in the mail."""
    person = await Person.get(id=actor.person_id)

    async def work(_: object) -> str:
        _session, token = await sessions.start(
            person, device="test", now=small.clock(), organisation_id=actor.organisation_id
        )
        return token

    return await _visitor(small, await run_tx(work))


async def _visitor(small: SmallMarket, token: str) -> Visitor:
    signed_in = await sessions.find(token, now=small.clock())
    assert signed_in is not None
    await agreements.agree(signed_in.actor.person_id, versions_in_force(), locale="ja", clock=small.clock)
    return Visitor(signed_in.actor, token, signed_in.forms_token)


async def signed_in(
    client: httpx.AsyncClient, small: SmallMarket, *roles: Role, email: str = "someone@ashiato.example"
) -> Visitor:
    """Give the client the cookie of a new person with these roles; its forms carry `forms_token`."""
    visitor = await visit_as(small, await an_actor(small, *roles, email=email))
    client.cookies.set(COOKIE, visitor.token)
    return visitor


async def _with_second_factor(small: SmallMarket, signed_in: sessions.SignedIn) -> str:
    secret = await second_factor.begin(signed_in.actor.person_id, seals=small.market.seals, now=small.clock())
    code = pyotp.TOTP(secret).at(small.clock())
    token, _ = await second_factor.confirm(signed_in, code, seals=small.market.seals, clock=small.clock)
    return token
