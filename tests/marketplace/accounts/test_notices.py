"""Whoever signs in from a browser never seen before, or changes how one signs in, finds a mail about it."""

import json
from datetime import timedelta

import pyotp

from marketplace.accounts import administration, second_factor, sessions
from marketplace.accounts.actor import CONSOLE
from marketplace.accounts.models import KnownDevice
from marketplace.accounts.retention import DEVICES_KEPT, delete_due
from marketplace.accounts.roles import Role
from marketplace.accounts.secrets import sha256_of
from marketplace.mail.models import Mail
from tests.marketplace.accounts.test_sign_in import ADDRESS, ask, redeem
from tests.signed_in import an_actor, session_without_second_factor


async def mails(message: str) -> list[dict[str, str]]:
    return [json.loads(mail.params) for mail in await Mail.filter(message=message, recipient=ADDRESS).order_by("id")]


class TestABrowserNeverSeen:
    async def test_is_told_to_its_owner_once(self, small):
        await redeem(small, await ask(small), mark="first")
        assert await mails("new_device") == []
        small.clock.advance(timedelta(days=1))
        for mark in ("second", "second", "first"):
            await redeem(small, await ask(small), mark=mark)
        assert await mails("new_device") == [{"device": "test", "at": small.clock().isoformat()}]

    async def test_is_kept_as_a_hash_and_forgotten_when_it_stays_away(self, small):
        await redeem(small, await ask(small), mark="first")
        assert await KnownDevice.all().values_list("mark_sha256", flat=True) == [sha256_of("first")]
        small.clock.advance(DEVICES_KEPT)
        await delete_due(small.clock())
        assert await KnownDevice.all().count() == 0

    async def test_is_worded_in_both_languages(self, small):
        params = {"device": "Firefox\r\nBcc: x", "at": small.clock().isoformat()}
        for locale in ("ja", "en"):
            worded = small.market.post.wording("new_device", locale, params)
            assert "Firefox Bcc: x" in worded.text
            assert f"/{locale}/account/security" in worded.text


class TestAChangeOfHowOneSignsIn:
    async def test_is_told(self, small):
        actor = await an_actor(small, Role.BUYER)
        visitor = await session_without_second_factor(small, actor)
        signed_in = await sessions.find(visitor.token, now=small.clock())
        more = {"seals": small.market.seals, "clock": small.clock}
        app = pyotp.TOTP(await second_factor.begin(actor.person_id, seals=small.market.seals, now=small.clock()))
        await second_factor.confirm(signed_in, app.at(small.clock()), **more)
        small.clock.advance(timedelta(minutes=1))
        await second_factor.remove(actor, app.at(small.clock()), **more)
        await administration.forget_second_factor(CONSOLE, ADDRESS, reason="lost", clock=small.clock)
        assert [told["what"] for told in await mails("sign_in_changed")] == ["app_set", "app_removed", "app_removed"]

    async def test_is_worded_in_both_languages(self, small):
        for what in ("passkey_added", "passkey_removed", "app_set", "app_removed"):
            params = {"what": what, "at": small.clock().isoformat()}
            for locale in ("ja", "en"):
                worded = small.market.post.wording("sign_in_changed", locale, params)
                assert worded.subject.strip() != "[Sandbox]"
                assert worded.subject.removeprefix("[Sandbox] ").removeprefix("【サンドボックス】") in worded.text
