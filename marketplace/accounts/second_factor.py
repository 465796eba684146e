"""One-time codes of an authenticator app (RFC 6238, 30 seconds, SHA-1, 6 digits, as every app knows them), and recovery codes.

A code is taken once, one step early or late at most, and nobody tries more than a few.
"""

import hmac
import secrets
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

import pyotp
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import notices, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import CodeRefused, SecondFactorAlreadySet, TooManyAttempts
from marketplace.accounts.models import OneTimeCode, RecoveryCode
from marketplace.accounts.notices import Change
from marketplace.accounts.sealing import SealKeys
from marketplace.accounts.secrets import sha256_of
from marketplace.accounts.sessions import SignedIn
from marketplace.allowances.service import Allowances, Policy
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id

STEP_SECONDS = 30
TRIES = Policy("second_factor", 5, timedelta(minutes=15))
RECOVERY_CODES = 10
# 120 random bits, so that a plain hash is enough
_RECOVERY_BYTES = 15


async def is_set(person_id: str) -> bool:
    return await OneTimeCode.exists(person_id=person_id, confirmed_at__isnull=False)


async def begin(person_id: str, *, seals: SealKeys, now: datetime) -> str:
    """The secret (base32) to put into an app; the same one until it is confirmed. Raises SecondFactorAlreadySet."""
    row, _ = await OneTimeCode.get_or_create(
        {
            "id": new_id("otp", now),
            "secret": seals.seal(pyotp.random_base32(), person_id),
            "sealed_with": seals.newest,
            "last_step": 0,
            "created_at": now,
        },
        person_id=person_id,
    )
    if row.confirmed_at is not None:
        raise SecondFactorAlreadySet("an authenticator is set already")
    return secret_of(row, seals)


def secret_of(row: OneTimeCode, seals: SealKeys) -> str:
    """In base32. Raises SealBroken."""
    return row.secret if row.sealed_with is None else seals.open(row.secret, row.person_id)


def address_for_app(secret: str, email: str, *, sandbox: bool) -> str:
    """The otpauth:// address that an app reads from a QR code."""
    issuer = "Ashiato (sandbox)" if sandbox else "Ashiato"
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=email, issuer_name=issuer)


async def confirm(signed_in: SignedIn, code: str, *, seals: SealKeys, clock: Clock) -> tuple[str, Sequence[str]]:
    """The app works: from now on its codes are asked for. Returns the session's new token, and recovery codes to show once.

    Raises CodeRefused, TooManyAttempts, SecondFactorAlreadySet.
    """
    actor = signed_in.actor
    await _spend_try(actor.person_id, now=clock())

    async def work(tx: BaseDBAsyncClient) -> tuple[str, Sequence[str]]:
        now = clock()
        row = await OneTimeCode.get_or_none(person_id=actor.person_id)
        if row is None:
            raise CodeRefused("this code is wrong")
        if row.confirmed_at is not None:
            raise SecondFactorAlreadySet("an authenticator is set already")
        await _take(row, code, seals, now=now)
        await OneTimeCode.filter(id=row.id).update(confirmed_at=now)
        recovery = await _new_recovery_codes(actor.person_id, now=now)
        token = await sessions.note_second_factor(signed_in.session, now=now)
        await notices.tell(tx, actor.person_id, Change.APP_SET, now=now)
        await audit.record(tx, actor, "second_factor.set", actor.person_id, None, {}, at=now)
        return token, recovery

    return await run_tx(work)


async def show(signed_in: SignedIn, code: str, *, seals: SealKeys, clock: Clock) -> str:
    """A code of the app, or a recovery code, is good: returns the session's new token. Raises CodeRefused, TooManyAttempts."""
    actor = signed_in.actor
    await _spend_try(actor.person_id, now=clock())

    async def work(tx: BaseDBAsyncClient) -> str:
        now = clock()
        by = await _take_either(actor, code, seals, now=now)
        token = await sessions.note_second_factor(signed_in.session, now=now)
        await audit.record(tx, actor, "second_factor.shown", signed_in.session.id, None, {"by": by}, at=now)
        return token

    return await run_tx(work)


async def remove(actor: Actor, code: str, *, seals: SealKeys, clock: Clock) -> None:
    """With one last code the authenticator is forgotten, for instance before a new one is set. Raises CodeRefused, TooManyAttempts."""
    await _spend_try(actor.person_id, now=clock())

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        by = await _take_either(actor, code, seals, now=now)
        await forget(actor.person_id)
        await notices.tell(tx, actor.person_id, Change.APP_REMOVED, now=now)
        await audit.record(tx, actor, "second_factor.removed", actor.person_id, None, {"by": by}, at=now)

    await run_tx(work)


async def forget(person_id: str) -> None:
    """Inside a transaction: without a code, for a person who is erased or whom an operator has identified."""
    await OneTimeCode.filter(person_id=person_id).delete()
    await RecoveryCode.filter(person_id=person_id).delete()
    await sessions.forget_second_factor(person_id)


async def _spend_try(person_id: str, *, now: datetime) -> None:
    standing = await Allowances().spend(TRIES, person_id, now=now)
    if not standing.allowed:
        seconds = ceil(standing.resets_in.total_seconds())
        raise TooManyAttempts("too many codes were tried", retry_after_seconds=seconds)


async def _take_either(actor: Actor, code: str, seals: SealKeys, *, now: datetime) -> str:
    row = await OneTimeCode.get_or_none(person_id=actor.person_id, confirmed_at__isnull=False)
    if row is None:
        raise CodeRefused("this code is wrong")
    if "".join(code.split()).isdecimal():
        await _take(row, code, seals, now=now)
        return "app"
    unused = RecoveryCode.filter(person_id=actor.person_id, code_sha256=_recovery_hash(code), used_at__isnull=True)
    if await unused.update(used_at=now) != 1:
        raise CodeRefused("this code is wrong")
    return "recovery_code"


async def _take(row: OneTimeCode, code: str, seals: SealKeys, *, now: datetime) -> None:
    """Each step's code once, and none that is older than the last one taken."""
    present = int(now.timestamp()) // STEP_SECONDS
    app = pyotp.TOTP(secret_of(row, seals), interval=STEP_SECONDS)
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(app.generate_otp(step), _digits(code)):
            if await OneTimeCode.filter(id=row.id, last_step__lt=step).update(last_step=step) == 1:
                return
            break
    raise CodeRefused("this code is wrong")


async def _new_recovery_codes(person_id: str, *, now: datetime) -> Sequence[str]:
    await RecoveryCode.filter(person_id=person_id).delete()
    codes = [b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    await RecoveryCode.bulk_create(
        [RecoveryCode(id=new_id("rec", now), person_id=person_id, code_sha256=_recovery_hash(code)) for code in codes]
    )
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]


def _recovery_hash(code: str) -> str:
    return sha256_of("".join(character for character in code.upper() if character.isalnum()))


def _digits(code: str) -> str:
    """As typed: with blanks, or in full-width figures."""
    return "".join(str(int(character)) for character in code if character.isdecimal())
