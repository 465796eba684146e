"""One-time codes: each once, a few tries, recovery codes for a lost app."""

from datetime import timedelta

import pyotp
import pytest

from marketplace.accounts import second_factor, sessions
from marketplace.accounts.errors import CodeRefused, SecondFactorAlreadySet, TooManyAttempts
from marketplace.accounts.models import RecoveryCode
from marketplace.accounts.roles import Role
from marketplace.accounts.secrets import sha256_of
from tests.signed_in import an_actor, visit_as

NEXT_STEP = timedelta(seconds=second_factor.STEP_SECONDS)


@pytest.fixture
async def buyer(small):
    """Signed in, without an app."""
    visitor = await visit_as(small, await an_actor(small, Role.OWNER))
    return await sessions.find(visitor.token, now=small.clock())


@pytest.fixture
async def with_app(small, buyer):
    """Signed in with an app that was set up a step ago; yields (signed in, app, recovery codes)."""
    app = pyotp.TOTP(await second_factor.begin(buyer.actor.person_id, now=small.clock(), seals=small.market.seals))
    token, recovery = await second_factor.confirm(
        buyer, app.at(small.clock()), clock=small.clock, seals=small.market.seals
    )
    small.clock.advance(NEXT_STEP)
    return await sessions.find(token, now=small.clock()), app, recovery


class TestSettingUp:
    async def test_needs_a_code_of_the_app(self, small, buyer):
        await second_factor.begin(buyer.actor.person_id, now=small.clock(), seals=small.market.seals)
        with pytest.raises(CodeRefused):
            await second_factor.confirm(buyer, "000000", clock=small.clock, seals=small.market.seals)
        assert not await second_factor.is_set(buyer.actor.person_id)

    async def test_shows_the_same_secret_until_it_is_confirmed_and_none_after(self, small, buyer, with_app):
        _, app, _ = with_app
        with pytest.raises(SecondFactorAlreadySet):
            await second_factor.begin(buyer.actor.person_id, now=small.clock(), seals=small.market.seals)
        assert app.secret in second_factor.address_for_app(app.secret, "a@b.example", sandbox=True)

    async def test_raises_the_rights_of_the_session_under_a_new_token(self, with_app):
        signed_in, _, recovery = with_app
        assert signed_in.second_factor
        assert len(set(recovery)) == second_factor.RECOVERY_CODES


class TestACode:
    async def test_is_good_once(self, small, with_app):
        signed_in, app, _ = with_app
        code = app.at(small.clock())
        await second_factor.show(signed_in, f" {code[:3]} {code[3:]}", clock=small.clock, seals=small.market.seals)
        with pytest.raises(CodeRefused):
            await second_factor.show(signed_in, code, clock=small.clock, seals=small.market.seals)

    async def test_may_be_a_step_late_but_never_older_than_one_that_was_taken(self, small, with_app):
        signed_in, app, _ = with_app
        old = app.at(small.clock())
        small.clock.advance(NEXT_STEP)
        new = app.at(small.clock())
        await second_factor.show(signed_in, old, clock=small.clock, seals=small.market.seals)
        await second_factor.show(signed_in, new, clock=small.clock, seals=small.market.seals)
        with pytest.raises(CodeRefused):
            await second_factor.show(signed_in, old, clock=small.clock, seals=small.market.seals)

    async def test_two_steps_late_is_too_late(self, small, with_app):
        signed_in, app, _ = with_app
        old = app.at(small.clock())
        small.clock.advance(2 * NEXT_STEP)
        with pytest.raises(CodeRefused):
            await second_factor.show(signed_in, old, clock=small.clock, seals=small.market.seals)

    async def test_cannot_be_guessed(self, small, with_app):
        signed_in, app, _ = with_app
        small.clock.advance(second_factor.TRIES.per)
        for guess in range(second_factor.TRIES.most):
            with pytest.raises(CodeRefused):
                await second_factor.show(signed_in, f"{guess:06}", clock=small.clock, seals=small.market.seals)
        with pytest.raises(TooManyAttempts) as refused:
            await second_factor.show(signed_in, app.at(small.clock()), clock=small.clock, seals=small.market.seals)
        assert refused.value.params["retry_after_seconds"] > 0

    async def test_in_full_width_figures_is_understood(self, small, with_app):
        signed_in, app, _ = with_app
        wide = app.at(small.clock()).translate({ord("0") + n: ord("０") + n for n in range(10)})
        await second_factor.show(signed_in, wide, clock=small.clock, seals=small.market.seals)


class TestARecoveryCode:
    async def test_is_good_once_and_kept_only_as_a_hash(self, small, with_app):
        signed_in, _, recovery = with_app
        await second_factor.show(signed_in, recovery[0].lower(), clock=small.clock, seals=small.market.seals)
        with pytest.raises(CodeRefused):
            await second_factor.show(signed_in, recovery[0], clock=small.clock, seals=small.market.seals)
        assert recovery[1] not in str(await RecoveryCode.all().values())

    async def test_with_six_figures_in_it_is_not_taken_for_a_code_of_the_app(self, small, with_app):
        signed_in, _, _ = with_app
        row = await RecoveryCode.filter(person_id=signed_in.actor.person_id).first()
        await RecoveryCode.filter(id=row.id).update(code_sha256=sha256_of("ABCD234567EFGHIJKLMNOPQR"))
        await second_factor.show(
            signed_in, "ABCD-2345-67EF-GHIJ-KLMN-OPQR", clock=small.clock, seals=small.market.seals
        )

    async def test_of_somebody_else_is_worth_nothing(self, small, with_app):
        _, _, recovery = with_app
        other = await visit_as(small, await an_actor(small, Role.OPERATOR, email="operator@ashiato.example"))
        with pytest.raises(CodeRefused):
            await second_factor.show(
                await sessions.find(other.token, now=small.clock()),
                recovery[0],
                clock=small.clock,
                seals=small.market.seals,
            )


class TestTheSecondFactorOfASession:
    async def test_is_asked_for_again_after_an_idle_hour(self, small, with_app):
        signed_in, app, _ = with_app
        token = await second_factor.show(signed_in, app.at(small.clock()), clock=small.clock, seals=small.market.seals)
        small.clock.advance(sessions.SECOND_FACTOR_IDLE_FOR_AT_MOST)
        assert not (await sessions.find(token, now=small.clock())).second_factor
        assert not (await sessions.find(token, now=small.clock())).second_factor

    async def test_is_asked_for_again_after_twelve_hours_however_busy(self, small, with_app):
        signed_in, app, _ = with_app
        token = await second_factor.show(signed_in, app.at(small.clock()), clock=small.clock, seals=small.market.seals)
        seen = []
        for _ in range(26):
            small.clock.advance(timedelta(minutes=30))
            seen.append((await sessions.find(token, now=small.clock())).second_factor)
        assert seen == [True] * 23 + [False] * 3

    async def test_goes_with_the_app(self, small, with_app):
        signed_in, app, _ = with_app
        await second_factor.remove(signed_in.actor, app.at(small.clock()), clock=small.clock, seals=small.market.seals)
        assert not await second_factor.is_set(signed_in.actor.person_id)
        assert await RecoveryCode.all().count() == 0
