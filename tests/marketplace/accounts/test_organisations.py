"""Members, roles and invitations."""

import asyncio

import pytest

from marketplace.accounts import administration, invitations, organisations, people, sessions
from marketplace.accounts.actor import CONSOLE
from marketplace.accounts.errors import (
    InvitationNotUsable,
    LastOwnerStays,
    NotAMember,
    PersonUnknown,
    ProviderUnknown,
    RoleDoesNotFit,
)
from marketplace.accounts.models import Invitation, Membership, Person
from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.mail.models import Mail
from tests.builders.market import SmallMarket, a_listing
from tests.signed_in import an_actor, visit_as

GUEST = "guest@ashiato.example"


async def invite(small: SmallMarket, actor, role: Role = Role.BUYER, email: str = GUEST) -> str:
    """Returns the token in the link."""
    invited = await invitations.invite(
        small.market, actor, email, role, organisation_id=actor.organisation_id, locale="ja"
    )
    return invited.link.rpartition("/")[2]


async def accept(small: SmallMarket, token: str):
    session = await invitations.accept(small.market, token, locale="ja", device="test", mark="mark")
    return (await sessions.find(session, now=small.clock())).actor


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


class TestAnInvitation:
    async def test_is_mailed_and_makes_its_reader_a_member(self, small, owner):
        guest = await accept(small, await invite(small, owner))
        assert (guest.organisation_id, guest.roles) == (owner.organisation_id, {Role.BUYER})
        assert (await Mail.get(message="invitation")).recipient == GUEST

    async def test_works_once_and_not_after_a_week_and_not_when_withdrawn(self, small, owner):
        used = await invite(small, owner)
        await accept(small, used)
        withdrawn = await invite(small, owner)
        (waiting,) = await invitations.waiting(owner.organisation_id, clock=small.clock)
        await invitations.withdraw(owner, waiting.id, clock=small.clock)
        old = await invite(small, owner)
        small.clock.advance(invitations.LASTS)
        for token in (used, withdrawn, old, "invented"):
            with pytest.raises(InvitationNotUsable):
                await accept(small, token)

    async def test_is_accepted_once_by_five_presses_at_once(self, small, owner):
        token = await invite(small, owner)
        outcomes = await asyncio.gather(*(accept(small, token) for _ in range(5)), return_exceptions=True)
        assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1

    async def test_of_another_organisation_cannot_be_withdrawn(self, small, owner):
        await invite(small, owner)
        stranger = await an_actor(small, Role.OWNER, email="stranger@ashiato.example")
        with pytest.raises(InvitationNotUsable):
            await invitations.withdraw(stranger, (await Invitation.get()).id, clock=small.clock)

    async def test_as_a_provider_is_for_providers_only(self, small, owner):
        with pytest.raises(RoleDoesNotFit):
            await invite(small, owner, Role.PROVIDER)
        with pytest.raises(RoleDoesNotFit):
            await invite(small, owner, Role.OPERATOR)

    async def test_into_the_service_needs_a_reason_and_is_written_down(self, small):
        with pytest.raises(ReasonMissing):
            await invitations.invite(
                small.market, CONSOLE, GUEST, Role.OPERATOR, organisation_id=None, locale="ja", reason=" "
            )
        invited = await invitations.invite(
            small.market, CONSOLE, GUEST, Role.OPERATOR, organisation_id=None, locale="ja", reason="first one"
        )
        operator = await accept(small, invited.link.rpartition("/")[2])
        assert operator.roles == {Role.OPERATOR}
        assert [(entry.actor, entry.reason) for entry in await AuditEntry.filter(act="person.invited")] == [
            ("console", "first one")
        ]

    async def test_to_a_provider_founds_its_organisation_once(self, small):
        await a_listing(small)
        first = await administration.organisation_of_provider(CONSOLE, "prov_a", clock=small.clock)
        assert await administration.organisation_of_provider(CONSOLE, "prov_a", clock=small.clock) == first
        with pytest.raises(ProviderUnknown):
            await administration.organisation_of_provider(CONSOLE, "prov_x", clock=small.clock)


class TestOwners:
    async def test_the_last_one_stays_as_long_as_there_are_members(self, small, owner):
        guest = await accept(small, await invite(small, owner))
        with pytest.raises(LastOwnerStays):
            await organisations.remove(owner, owner.person_id, clock=small.clock)
        with pytest.raises(LastOwnerStays):
            await organisations.change_role(owner, owner.person_id, Role.BUYER, clock=small.clock)
        await organisations.change_role(owner, guest.person_id, Role.OWNER, clock=small.clock)
        await organisations.remove(owner, owner.person_id, clock=small.clock)
        assert [member.role for member in await organisations.members_of(guest.organisation_id)] == [Role.OWNER]

    async def test_two_who_leave_at_once_do_not_leave_it_without_one(self, small, owner):
        second = await accept(small, await invite(small, owner, Role.OWNER))
        await accept(small, await invite(small, owner, email="third@ashiato.example"))
        outcomes = await asyncio.gather(
            *(organisations.remove(one, one.person_id, clock=small.clock) for one in (owner, second)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes if outcome is not None] == [LastOwnerStays]

    async def test_who_leaves_loses_its_rights_at_once(self, small, owner):
        token = await invitations.accept(
            small.market, await invite(small, owner), locale="ja", device="test", mark="mark"
        )
        guest = (await sessions.find(token, now=small.clock())).actor
        await organisations.remove(owner, guest.person_id, clock=small.clock)
        assert (await sessions.find(token, now=small.clock())).actor.roles == frozenset()

    async def test_know_nothing_of_other_organisations_members(self, small, owner):
        stranger = await an_actor(small, Role.OWNER, email="stranger@ashiato.example")
        for act in (
            organisations.remove(owner, stranger.person_id, clock=small.clock),
            organisations.change_role(owner, stranger.person_id, Role.BUYER, clock=small.clock),
        ):
            with pytest.raises(NotAMember):
                await act
        assert await Membership.filter(person_id=stranger.person_id, role=Role.OWNER).exists()


class TestWhatAMemberMay:
    async def test_follows_from_the_organisation_it_acts_for(self, small):
        seller = await an_actor(small, Role.OWNER, Role.PROVIDER)
        assert seller.roles == {Role.OWNER, Role.BUYER, Role.PROVIDER}
        assert seller.provider_id == "prov_a"
        person = await Person.get(id=seller.person_id)
        elsewhere = await an_actor(small, Role.OWNER, email="elsewhere@ashiato.example")
        assert (await people.actor(person, elsewhere.organisation_id)).roles == frozenset()
        assert (await people.actor(person, None)).roles == frozenset()


class TestAnOperatorsActsOnPeople:
    async def test_end_a_role_and_every_session_with_a_reason(self, small):
        operator = await an_actor(small, Role.OPERATOR, email="operator@ashiato.example")
        visitor = await visit_as(small, operator)
        with pytest.raises(ReasonMissing):
            await administration.revoke(CONSOLE, operator.email, Role.OPERATOR, reason="", clock=small.clock)
        await administration.revoke(CONSOLE, operator.email, Role.OPERATOR, reason="left", clock=small.clock)
        assert await sessions.find(visitor.token, now=small.clock()) is None
        assert await administration.privileged() == []
        with pytest.raises(PersonUnknown):
            await administration.revoke(CONSOLE, operator.email, Role.OPERATOR, reason="left", clock=small.clock)

    async def test_help_whoever_lost_app_and_recovery_codes(self, small):
        operator = await an_actor(small, Role.OPERATOR, email="operator@ashiato.example")
        await visit_as(small, operator)
        assert await administration.sign_out(CONSOLE, operator.email, reason="stolen phone", clock=small.clock) == 1
        await administration.forget_second_factor(CONSOLE, operator.email, reason="met in person", clock=small.clock)
        await visit_as(small, operator)
        assert [row.email for row in await administration.privileged()] == [operator.email]
