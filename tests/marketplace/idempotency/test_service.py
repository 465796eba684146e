"""A key means one request for ever; an answer once given never changes."""

from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError

from marketplace.idempotency.models import KeyedRequest
from marketplace.idempotency.service import (
    Answer,
    Begun,
    IdempotencyKeyReused,
    IdempotentRequestInFlight,
    begin,
    finish,
    give_up,
)
from tests.fakes.clock import SettableClock

LEASE = timedelta(seconds=60)
ANSWER = Answer(201, {"content-type": "application/json"}, b'{"id":"x"}')


@pytest.fixture
def clock(db):
    return SettableClock()


async def begun(clock, key="k", sha256="0" * 64):
    return await begin("POST /v1/things", key, sha256, lease=LEASE, now=clock())


class TestARequestBegins:
    async def test_once(self, clock):
        first = await begun(clock)
        assert isinstance(first, Begun)
        assert not first.again
        with pytest.raises(IdempotentRequestInFlight) as refused:
            await begun(clock)
        assert refused.value.params == {"retry_after_seconds": 60}

    async def test_again_when_its_lease_has_run_out(self, clock):
        await begun(clock)
        clock.advance(LEASE)
        assert (await begun(clock)).again

    async def test_again_at_once_when_it_was_given_up(self, clock):
        await give_up(await begun(clock), now=clock())
        assert (await begun(clock)).again

    async def test_never_for_another_request(self, clock):
        await begun(clock)
        clock.advance(LEASE)
        with pytest.raises(IdempotencyKeyReused):
            await begun(clock, sha256="1" * 64)


class TestAnAnswer:
    async def test_is_given_ever_after(self, clock):
        assert await finish(await begun(clock), ANSWER, now=clock())
        clock.advance(timedelta(days=3650))
        assert await begun(clock) == ANSWER

    async def test_of_somebody_who_lost_the_lease_does_not_count(self, clock):
        slow = await begun(clock)
        clock.advance(LEASE)
        quick = await begun(clock)
        assert await finish(quick, ANSWER, now=clock())
        assert not await finish(slow, Answer(200, {}, b"other"), now=clock())
        await give_up(slow, now=clock())
        assert await begun(clock) == ANSWER


class TestTheDatabaseRefuses:
    @pytest.fixture
    async def answered(self, clock):
        request = await begun(clock)
        await finish(request, ANSWER, now=clock())
        return KeyedRequest.filter(id=request.id)

    @pytest.mark.parametrize("change", [{"body": b"other"}, {"status": 200}, {"answered_at": None}, {"key": "other"}])
    async def test_to_change_an_answer(self, answered, change):
        with pytest.raises(IntegrityError):
            await answered.update(**change)

    async def test_to_forget_one(self, answered):
        with pytest.raises(IntegrityError):
            await answered.delete()

    async def test_to_give_an_open_key_another_meaning(self, clock):
        request = await begun(clock)
        with pytest.raises(IntegrityError):
            await KeyedRequest.filter(id=request.id).update(request_sha256="1" * 64)

    async def test_to_keep_a_fault_of_ours(self, clock):
        request = await begun(clock)
        with pytest.raises(IntegrityError):
            await finish(request, Answer(500, {}, b""), now=clock())
