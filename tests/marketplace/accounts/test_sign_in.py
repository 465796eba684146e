"""Sign in by a link: once, soon, in the same browser; and nobody learns who has an account."""

import asyncio
import re
from datetime import timedelta

import pytest

from marketplace.accounts import links, people, sessions
from marketplace.accounts.errors import LinkNotUsable
from marketplace.accounts.models import Membership, Person, Session, SignInLink
from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.mail.address import AddressRefused
from marketplace.mail.models import Mail
from tests.builders.market import SmallMarket
from tests.signed_in import an_actor

BROWSER, OTHER_BROWSER = "mark-of-the-browser", "mark-of-another"
ADDRESS = "someone@ashiato.example"


async def ask(small: SmallMarket, email: str = ADDRESS, *, next_path: str | None = None) -> str:
    """Ask for a link and read it from the mail."""
    await links.ask(small.market, email, locale="ja", browser=BROWSER, next_path=next_path)
    mail = await Mail.filter(message="sign_in").order_by("-id").first()
    return re.search(r"/sign-in/([\w-]+)", mail.params).group(1)


async def redeem(
    small: SmallMarket, token: str, browser: str = BROWSER, *, mark: str = "mark"
) -> tuple[str, str | None]:
    return await links.redeem(small.market, token, browser=browser, device="test", mark=mark)


class TestALink:
    async def test_signs_its_reader_in_and_leads_back(self, small):
        token, next_path = await redeem(small, await ask(small, next_path="/ja/account"))
        signed_in = await sessions.find(token, now=small.clock())
        assert (signed_in.actor.email, next_path) == (ADDRESS, "/ja/account")

    async def test_makes_a_newcomer_the_owner_of_an_organisation_of_its_own(self, small):
        token, _ = await redeem(small, await ask(small))
        actor = (await sessions.find(token, now=small.clock())).actor
        assert actor.roles == {Role.OWNER, Role.BUYER}
        assert actor.organisation_id is not None

    async def test_finds_the_person_again_however_the_address_is_spelled(self, small):
        await redeem(small, await ask(small))
        await redeem(small, await ask(small, " Someone@Ashiato.Example "))
        assert await Person.all().count() == 1
        assert await Membership.all().count() == 1

    async def test_works_once(self, small):
        token = await ask(small)
        await redeem(small, token)
        with pytest.raises(LinkNotUsable):
            await redeem(small, token)

    async def test_works_once_even_when_it_is_pressed_five_times_at_once(self, small):
        token = await ask(small)
        outcomes = await asyncio.gather(*(redeem(small, token) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
        assert await Session.all().count() == 1

    async def test_works_only_in_the_browser_that_asked(self, small):
        token = await ask(small)
        with pytest.raises(LinkNotUsable):
            await redeem(small, token, OTHER_BROWSER)
        await redeem(small, token)

    async def test_works_for_ten_minutes(self, small):
        token = await ask(small)
        small.clock.advance(links.LASTS)
        with pytest.raises(LinkNotUsable):
            await redeem(small, token)

    async def test_is_kept_only_as_a_hash(self, small):
        token = await ask(small)
        (row,) = await SignInLink.all().values()
        assert token not in str(row)

    async def test_is_refused_when_it_was_invented(self, small):
        with pytest.raises(LinkNotUsable):
            await redeem(small, "invented")


class TestAskingTellsNothing:
    async def test_a_known_and_an_unknown_address_leave_the_same_traces(self, small):
        await an_actor(small, Role.OWNER, email="known@ashiato.example")
        for address in ("known@ashiato.example", "unknown@ashiato.example"):
            await links.ask(small.market, address, locale="ja", browser=BROWSER, next_path=None)
        assert await Mail.filter(recipient="known@ashiato.example").count() == 1
        assert await Mail.filter(recipient="unknown@ashiato.example").count() == 1
        assert await people.find("unknown@ashiato.example") is None

    async def test_nobody_is_pestered_with_mails(self, small):
        for _ in range(links.MOST_PER_MAILBOX + 3):
            await links.ask(small.market, ADDRESS, locale="ja", browser=BROWSER, next_path=None)
        assert await Mail.all().count() == links.MOST_PER_MAILBOX
        small.clock.advance(links.LASTS)
        await ask(small)

    @pytest.mark.parametrize(
        "typed", ["", "nobody", "a@b", "a@b.c\nBcc: d@e.f", "あ@例え.jp", "x" * 250 + "@a.example"]
    )
    async def test_what_is_no_address_is_said_to_be_none(self, small, typed):
        with pytest.raises(AddressRefused):
            await links.ask(small.market, typed, locale="ja", browser=BROWSER, next_path=None)


class TestASession:
    @pytest.fixture
    async def token(self, small):
        return (await redeem(small, await ask(small)))[0]

    async def test_is_kept_only_as_a_hash(self, small, token):
        (row,) = await Session.all().values()
        assert token not in str(row)

    async def test_ends_when_it_is_idle_for_a_week(self, small, token):
        small.clock.advance(sessions.IDLE_FOR_AT_MOST - timedelta(minutes=5))
        assert await sessions.find(token, now=small.clock())
        small.clock.advance(sessions.IDLE_FOR_AT_MOST)
        assert await sessions.find(token, now=small.clock()) is None

    async def test_ends_after_a_month_however_busy(self, small, token):
        for _ in range(10):
            small.clock.advance(timedelta(days=3))
            found = await sessions.find(token, now=small.clock())
        assert found is None

    async def test_gets_a_new_token_when_its_rights_change_and_the_old_one_is_void(self, small, token):
        signed_in = await sessions.find(token, now=small.clock())
        fresh = await sessions.renew(signed_in.session)
        assert await sessions.find(token, now=small.clock()) is None
        assert (await sessions.find(fresh, now=small.clock())).session.id == signed_in.session.id

    async def test_can_be_ended_alone_or_with_all_others(self, small, token):
        person_id = (await sessions.find(token, now=small.clock())).actor.person_id
        others = [(await redeem(small, await ask(small)))[0] for _ in range(3)]
        listed = await sessions.of_person(person_id, now=small.clock())
        assert len(listed) == 4
        last = (await sessions.find(others[2], now=small.clock())).session
        assert await sessions.end(person_id, last.id)
        assert await sessions.find(others[2], now=small.clock()) is None
        kept = (await sessions.find(token, now=small.clock())).session
        assert await sessions.end_all(person_id, but=kept.id) == 2
        assert [one.id for one in await sessions.of_person(person_id, now=small.clock())] == [kept.id]

    async def test_of_somebody_else_cannot_be_ended(self, small, token):
        stranger = await an_actor(small, Role.OWNER, email="stranger@ashiato.example")
        session = await Session.get()
        assert not await sessions.end(stranger.person_id, session.id)
        assert await sessions.find(token, now=small.clock())

    async def test_stands_in_the_audit_trail_without_the_persons_name(self, small, token):
        entries = await AuditEntry.all().order_by("position").values()
        assert [entry["act"] for entry in entries] == ["session.started"]
        assert "someone" not in str(entries)

    async def test_carries_a_token_for_forms_that_is_its_own(self, small, token):
        first = await sessions.find(token, now=small.clock())
        second = await sessions.find((await redeem(small, await ask(small)))[0], now=small.clock())
        assert first.sent_by_own_form(first.forms_token)
        assert not first.sent_by_own_form(second.forms_token)
        assert not first.sent_by_own_form("")
