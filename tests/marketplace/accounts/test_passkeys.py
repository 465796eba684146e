"""A passkey opens the account it was made for, on this site, with its owner verified, for a challenge of this browser, once."""

import json
from datetime import timedelta

import pytest

from marketplace.accounts import passkeys, sessions
from marketplace.accounts.errors import PasskeyRefused
from marketplace.accounts.models import Passkey
from marketplace.accounts.roles import Role
from tests.builders.market import SmallMarket
from tests.marketplace.accounts.authenticator import PRESENT, Authenticator
from tests.signed_in import an_actor

BROWSER, OTHER_BROWSER = "mark-of-the-browser", "mark-of-another"


@pytest.fixture
async def owner(small):
    return await an_actor(small, Role.OWNER)


async def add(small: SmallMarket, actor, device: Authenticator, browser: str = BROWSER) -> None:
    options = await passkeys.registration_options(small.market, actor, browser=BROWSER)
    await passkeys.register(small.market, actor, device.create(options), "phone", browser=browser)


async def enter(small: SmallMarket, device: Authenticator, browser: str = BROWSER) -> str:
    options = await passkeys.sign_in_options(small.market, browser=BROWSER)
    return await passkeys.sign_in(small.market, device.get(options), browser=browser, device="test", mark="mark")


async def test_a_passkey_signs_its_person_in_again_and_again(small, owner):
    device = Authenticator()
    await add(small, owner, device)
    for _ in range(2):
        signed_in = await sessions.find(await enter(small, device), now=small.clock())
        assert signed_in.actor.person_id == owner.person_id
        assert not signed_in.second_factor
    (kept,) = await passkeys.of_person(owner.person_id)
    assert (kept.name, kept.sign_count, kept.last_used_at) == ("phone", 2, small.clock())


@pytest.mark.parametrize(
    "forged",
    [
        Authenticator(origin="https://evil.example"),
        Authenticator(site="evil.example"),
        Authenticator(flags=PRESENT),
        Authenticator(origin="http://ashiato.example"),
    ],
    ids=["other origin", "other site", "owner not verified", "not https"],
)
async def test_nothing_else_is_let_in_or_kept(small, owner, forged):
    with pytest.raises(PasskeyRefused):
        await add(small, owner, forged)
    honest = Authenticator(credential_id=forged.credential_id, key=forged.key)
    await add(small, owner, honest)
    with pytest.raises(PasskeyRefused):
        await enter(small, forged)


async def test_neither_strangers_keys_nor_copies_nor_replays_nor_other_browsers(small, owner):
    device = Authenticator()
    await add(small, owner, device)
    impostor = Authenticator(credential_id=device.credential_id, counter=50)
    for wrong in (Authenticator(), impostor):
        with pytest.raises(PasskeyRefused):
            await enter(small, wrong)
    with pytest.raises(PasskeyRefused):
        await enter(small, device, OTHER_BROWSER)
    options = await passkeys.sign_in_options(small.market, browser=BROWSER)
    answer = device.get(options)
    await passkeys.sign_in(small.market, answer, browser=BROWSER, device="test", mark="mark")
    with pytest.raises(PasskeyRefused):
        await passkeys.sign_in(small.market, answer, browser=BROWSER, device="test", mark="mark")
    copy = Authenticator(credential_id=device.credential_id, key=device.key, counter=0)
    with pytest.raises(PasskeyRefused):
        await enter(small, copy)


async def test_a_challenge_lasts_five_minutes_and_is_for_one_purpose(small, owner):
    device = Authenticator()
    options = await passkeys.registration_options(small.market, owner, browser=BROWSER)
    small.clock.advance(passkeys.CHALLENGE_LASTS)
    with pytest.raises(PasskeyRefused):
        await passkeys.register(small.market, owner, device.create(options), "phone", browser=BROWSER)
    options = await passkeys.sign_in_options(small.market, browser=BROWSER)
    small.clock.advance(timedelta(seconds=1))
    with pytest.raises(PasskeyRefused):
        await passkeys.register(small.market, owner, device.create(options), "phone", browser=BROWSER)
    for nonsense in ("", "{}", "[]", '{"id": "x"}', "\x00"):
        await passkeys.sign_in_options(small.market, browser=BROWSER)
        with pytest.raises(PasskeyRefused):
            await passkeys.sign_in(small.market, nonsense, browser=BROWSER, device="test", mark="mark")


async def test_what_the_browser_is_asked_names_nobody_and_wants_the_owner_verified(small, owner):
    await add(small, owner, Authenticator())
    options = json.loads(await passkeys.sign_in_options(small.market, browser=BROWSER))
    assert options.get("allowCredentials", []) == []
    assert (options["userVerification"], options["rpId"]) == ("required", "ashiato.example")


async def test_a_passkey_can_be_removed_by_its_owner_only(small, owner):
    device = Authenticator()
    await add(small, owner, device)
    key = await Passkey.get()
    stranger = await an_actor(small, Role.OWNER, email="stranger@ashiato.example")
    await passkeys.remove(stranger, key.id, clock=small.clock)
    await enter(small, device)
    await passkeys.remove(owner, key.id, clock=small.clock)
    with pytest.raises(PasskeyRefused):
        await enter(small, device)
