"""Passkeys (WebAuthn), verified by the kept library. Each challenge is for one browser, once, for five minutes.

A passkey proves that its owner is there; it stands in for the link in a mail, not for the one-time code.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import notices, people, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import PasskeyRefused
from marketplace.accounts.models import Passkey, PasskeyChallenge, Person
from marketplace.accounts.notices import Change
from marketplace.accounts.secrets import new_secret, sha256_of
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.market import Market

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_PER_PERSON = 10
LONGEST_NAME = 60
_SITE_NAME = "Ashiato"


async def registration_options(market: Market, actor: Actor, *, browser: str) -> str:
    """What navigator.credentials.create() is given, as JSON; a key that the person has already is left out."""
    # the library takes a third of a second to load, and most processes never need it
    from webauthn import base64url_to_bytes, generate_registration_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import (  # noqa: PLC0415
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    challenge = await _new_challenge(browser, actor.person_id, now=market.clock())
    known = await Passkey.filter(person_id=actor.person_id)
    options = generate_registration_options(
        rp_id=_site(market),
        rp_name=_SITE_NAME,
        user_id=actor.person_id.encode(),
        user_name=actor.email,
        user_display_name=actor.name,
        challenge=base64url_to_bytes(challenge),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential_id)) for one in known],
    )
    return options_to_json(options)


async def register(market: Market, actor: Actor, answer: str, name: str, *, browser: str) -> None:
    """Keep the new key. `answer` is the credential as JSON. Raises PasskeyRefused."""
    from webauthn import base64url_to_bytes, verify_registration_response  # noqa: PLC0415
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    challenge = await _take_challenge(browser, actor.person_id, now=market.clock())
    try:
        proof = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_site(market),
            expected_origin=market.base_url,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as refused:
        raise PasskeyRefused("the authenticator's answer does not hold") from refused

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        credential_id = bytes_to_base64url(proof.credential_id)
        if (
            await Passkey.exists(credential_id=credential_id)
            or await Passkey.filter(person_id=actor.person_id).count() >= MOST_PER_PERSON
        ):
            raise PasskeyRefused("this key is known already, or there are too many")
        key = await Passkey.create(
            id=new_id("psk", now),
            person_id=actor.person_id,
            credential_id=credential_id,
            public_key=bytes_to_base64url(proof.credential_public_key),
            sign_count=proof.sign_count,
            name=name.strip()[:LONGEST_NAME] or "passkey",
            created_at=now,
        )
        await notices.tell(tx, actor.person_id, Change.PASSKEY_ADDED, now=now)
        await audit.record(tx, actor, "passkey.added", key.id, None, {}, at=now)

    await run_tx(work)


async def sign_in_options(market: Market, *, browser: str) -> str:
    """What navigator.credentials.get() is given, as JSON. It names no key, so it says nothing about who exists."""
    from webauthn import base64url_to_bytes, generate_authentication_options, options_to_json  # noqa: PLC0415
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

    challenge = await _new_challenge(browser, None, now=market.clock())
    options = generate_authentication_options(
        rp_id=_site(market),
        challenge=base64url_to_bytes(challenge),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


async def sign_in(market: Market, answer: str, *, browser: str, device: str, mark: str) -> str:
    """Returns the token of a new session; `mark` as in links.redeem. Raises PasskeyRefused, whatever the reason."""
    from webauthn import base64url_to_bytes, verify_authentication_response  # noqa: PLC0415
    from webauthn.helpers import parse_authentication_credential_json  # noqa: PLC0415
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

    challenge = await _take_challenge(browser, None, now=market.clock())
    try:
        credential = parse_authentication_credential_json(answer)
        key = await Passkey.get_or_none(credential_id=credential.id)
        if key is None:
            raise PasskeyRefused("the authenticator's answer does not hold")
        proof = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_site(market),
            expected_origin=market.base_url,
            credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError) as refused:
        raise PasskeyRefused("the authenticator's answer does not hold") from refused

    async def work(tx: BaseDBAsyncClient) -> str:
        now = market.clock()
        person = await Person.get(id=key.person_id)
        await Passkey.filter(id=key.id).update(sign_count=proof.new_sign_count, last_used_at=now)
        session, token = await sessions.start(person, device=device, now=now)
        await notices.meet(tx, person, mark, device, now=now)
        actor = await people.actor(person, session.organisation_id)
        await audit.record(tx, actor, "session.started", session.id, None, {"by": "passkey"}, at=now)
        return token

    return await run_tx(work)


async def of_person(person_id: str) -> Sequence[Passkey]:
    return await Passkey.filter(person_id=person_id).order_by("created_at", "id")


async def remove(actor: Actor, passkey_id: str, *, clock: Clock) -> None:
    """One of the actor's own; of anybody else's it knows nothing."""

    async def work(tx: BaseDBAsyncClient) -> None:
        if await Passkey.filter(id=passkey_id, person_id=actor.person_id).delete() == 1:
            now = clock()
            await notices.tell(tx, actor.person_id, Change.PASSKEY_REMOVED, now=now)
            await audit.record(tx, actor, "passkey.removed", passkey_id, None, {}, at=now)

    await run_tx(work)


def _site(market: Market) -> str:
    """The host that keys are bound to."""
    return urlsplit(market.base_url).hostname or ""


async def _new_challenge(browser: str, person_id: str | None, *, now: datetime) -> str:
    challenge = new_secret()
    await PasskeyChallenge.create(
        id=new_id("cha", now),
        challenge=challenge,
        browser_sha256=sha256_of(browser),
        person_id=person_id,
        expires_at=now + CHALLENGE_LASTS,
    )
    return challenge


async def _take_challenge(browser: str, person_id: str | None, *, now: datetime) -> str:
    """The newest one that this browser was given; it is used up by looking. Raises PasskeyRefused."""
    given = PasskeyChallenge.filter(browser_sha256=sha256_of(browser), expires_at__gt=now)
    given = given.filter(person_id__isnull=True) if person_id is None else given.filter(person_id=person_id)
    newest = await given.order_by("-id").limit(1)
    if not newest or await PasskeyChallenge.filter(id=newest[0].id).delete() != 1:
        raise PasskeyRefused("nothing was asked in this browser")
    return newest[0].challenge
