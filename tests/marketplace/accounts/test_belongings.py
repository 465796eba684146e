"""Keys, orders and footprints belong to an organisation; a person can take its data along and go."""

import asyncio
from datetime import timedelta

import pytest

from marketplace.accounts import belongings, keys, links, organisations, people, privacy, sessions
from marketplace.accounts.errors import (
    AddressNotConfirmed,
    AlreadyOwned,
    ApiKeyOfOtherEnvironment,
    ApiKeyUnknown,
    LastOwnerStays,
    ScopeUnknown,
)
from marketplace.accounts.keys import Scope
from marketplace.accounts.models import ApiKey, Invitation, Person, Session, SignInLink
from marketplace.accounts.retention import LINKS_KEPT, MAILS_KEPT, Retention
from marketplace.accounts.roles import Role
from marketplace.audit import service as audit
from marketplace.mail.models import Mail
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from tests.builders.market import SmallMarket, a_listing, a_quote, a_wish
from tests.signed_in import an_actor, visit_as


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


@pytest.fixture
async def stranger(small):
    return await an_actor(small, Role.OWNER, email="stranger@ashiato.example")


async def a_key(small: SmallMarket, actor, **facts):
    wanted = {"environment": "sandbox", "expires_at": None} | facts
    return await keys.create(actor, "shop", [Scope.ORDERS_READ], clock=small.clock, **wanted)


async def an_order(small: SmallMarket, **facts) -> Order:
    return await orders.place(small.market, a_wish(await a_quote(small, await a_listing(small)), **facts))


class TestAKey:
    async def test_opens_for_its_organisation_and_notes_when(self, small, owner):
        key, secret = await a_key(small, owner)
        holder = await keys.find(secret, environment="sandbox", now=small.clock())
        assert (holder.actor.organisation_id, holder.scopes) == (owner.organisation_id, {Scope.ORDERS_READ})
        assert (await ApiKey.get(id=key.id)).last_used_at == small.clock()

    async def test_is_kept_only_as_a_hash(self, small, owner):
        _, secret = await a_key(small, owner)
        assert secret not in str(await ApiKey.all().values())

    async def test_is_dead_once_revoked_or_expired(self, small, owner):
        key, revoked = await a_key(small, owner)
        _, expired = await a_key(small, owner, expires_at=small.clock() + timedelta(days=1))
        await keys.revoke(owner, key.id, clock=small.clock)
        small.clock.advance(timedelta(days=1))
        for secret in (revoked, expired, "ashiato_test_" + "x" * 43, "", "x" * 5_000):
            with pytest.raises(ApiKeyUnknown):
                await keys.find(secret, environment="sandbox", now=small.clock())

    async def test_never_opens_the_other_environment(self, small, owner):
        for made, opened in (("sandbox", "live"), ("live", "sandbox")):
            _, secret = await a_key(small, owner, environment=made)
            with pytest.raises(ApiKeyOfOtherEnvironment):
                await keys.find(secret, environment=opened, now=small.clock())

    async def test_is_made_for_known_scopes_only(self, small, owner):
        with pytest.raises(ScopeUnknown):
            await keys.create(owner, "x", ["everything"], environment="sandbox", expires_at=None, clock=small.clock)

    async def test_of_others_cannot_be_revoked(self, small, owner, stranger):
        key, secret = await a_key(small, owner)
        with pytest.raises(ApiKeyUnknown):
            await keys.revoke(stranger, key.id, clock=small.clock)
        assert await keys.find(secret, environment="sandbox", now=small.clock())


class TestAnOrder:
    async def test_belongs_to_the_organisation_of_its_buyer(self, small, owner, stranger):
        order = await an_order(small, buyer=owner)
        assert [one.id for one in await belongings.orders_of(owner.organisation_id, limit=5)] == [order.id]
        assert await belongings.orders_of(stranger.organisation_id, limit=5) == []

    async def test_of_a_guest_is_claimed_once(self, small, owner, stranger):
        order = await an_order(small)
        outcomes = await asyncio.gather(
            *(belongings.claim(one, order, clock=small.clock) for one in (owner, stranger)), return_exceptions=True
        )
        assert sorted(type(outcome) for outcome in outcomes if outcome) == [AlreadyOwned]
        assert await belongings.owner_of(order.id) in {owner.organisation_id, stranger.organisation_id}

    async def test_is_offered_to_whoever_verified_the_address_it_was_placed_with(self, small, owner, stranger):
        order = await an_order(small, email="Someone@Ashiato.Example")
        assert [one.id for one in await belongings.claimable(owner.email)] == [order.id]
        assert await belongings.claimable(stranger.email) == []
        await belongings.claim(owner, order, clock=small.clock)
        await belongings.claim(owner, order, clock=small.clock)
        assert await belongings.claimable(owner.email) == []


class TestAPersonGoes:
    async def test_with_its_data(self, small, owner):
        await an_order(small, buyer=owner)
        document = await privacy.export(owner, clock=small.clock)
        assert document["person"]["email"] == owner.email
        assert len(document["orders"]) == 1
        assert document["organisations"][0]["role"] == "owner"

    async def test_and_what_was_bought_and_written_down_stays_and_holds(self, small, owner):
        order = await an_order(small, buyer=owner, email=owner.email)
        _, secret = await a_key(small, owner)
        await links.ask(small.market, owner.email, locale="ja", browser="mark", next_path=None)
        visitor = await visit_as(small, owner)
        await privacy.erase(owner, owner.email.upper(), clock=small.clock)
        person = await Person.get(id=owner.person_id)
        assert (person.name, person.email) == ("", None)
        assert await sessions.find(visitor.token, now=small.clock()) is None
        with pytest.raises(ApiKeyUnknown):
            await keys.find(secret, environment="sandbox", now=small.clock())
        assert (await Order.get(id=order.id)).email is None
        assert await audit.verify() == []
        for model in (Person, Session, SignInLink, Invitation, Mail, Order):
            assert owner.email not in str(await model.all().values())

    async def test_never_by_mistake_and_never_from_under_its_members(self, small, owner):
        with pytest.raises(AddressNotConfirmed):
            await privacy.erase(owner, "other@ashiato.example", clock=small.clock)
        guest = await people.add("guest@ashiato.example", "ja", now=small.clock())
        organisation = (await organisations.of_person(owner.person_id))[0].organisation
        await organisations.join(guest.id, organisation, Role.BUYER, now=small.clock())
        with pytest.raises(LastOwnerStays):
            await privacy.erase(owner, owner.email, clock=small.clock)
        assert (await Person.get(id=owner.person_id)).email == owner.email


class TestRetention:
    async def test_deletes_what_is_over_once_an_hour(self, small, owner):
        retention = Retention(small.clock)
        await retention()
        await links.ask(small.market, owner.email, locale="ja", browser="mark", next_path=None)
        await visit_as(small, owner)
        await small.work()
        small.clock.advance(timedelta(minutes=59))
        await retention()
        assert await SignInLink.exists()
        small.clock.advance(sessions.IDLE_FOR_AT_MOST + links.LASTS + LINKS_KEPT)
        await retention()
        assert not await SignInLink.exists()
        assert not await Session.exists()
        assert await Mail.filter(recipient=owner.email).exists()
        small.clock.advance(MAILS_KEPT)
        await retention()
        assert not await Mail.filter(recipient=owner.email).exists()
