"""Jobs that can never succeed: the others go on as if they were not there, and each ends with a person who knows why (F27)."""

from datetime import timedelta

from marketplace.mail.models import Mail
from marketplace.operations import alarms
from marketplace.outbox.models import Job
from marketplace.outbox.service import ATTEMPTS_BEFORE_PARKING
from marketplace.outbox.worker import Worker
from tests.faults.amounts import amount

POISONED = amount(100, 10)
OTHERS = amount(1000, 100)
AT_ONCE = 20


async def _poison(payload):
    raise LookupError(f"no block under number {payload['number']}")


async def _put(kind: str, number: int, at) -> None:
    job_id = f"job_{kind}_{number}"
    await Job.create(id=job_id, kind=kind, key=job_id, payload=f'{{"number": {number}}}', run_at=at, attempts=0)


class TestEveryPoisonJob:
    async def test_is_parked_after_twenty_attempts_with_its_reason_and_told_once(self, small):
        attempts: dict[int, int] = {}

        async def counted(payload):
            attempts[payload["number"]] = attempts.get(payload["number"], 0) + 1
            await _poison(payload)

        for number in range(POISONED):
            await _put("poison", number, small.clock())
        worker = Worker({"poison": counted}, clock=small.clock)
        while await Job.filter(parked_at=None).exists():
            while await worker.run_due():
                pass
            small.clock.advance(timedelta(minutes=10))
        assert attempts == dict.fromkeys(range(POISONED), ATTEMPTS_BEFORE_PARKING)
        reasons = dict(await Job.all().values_list("id", "error"))
        assert reasons == {
            f"job_poison_{number}": f"LookupError: no block under number {number}" for number in range(POISONED)
        }
        assert await alarms.raise_due(small.market) == POISONED
        assert await alarms.raise_due(small.market) == 0
        assert await Mail.filter(message="operator_parked").count() == POISONED


class TestTheOthers:
    async def test_wait_at_most_for_one_lap_of_the_poisoned_ones(self, small):
        """A round is one lease of a worker; five jobs become due in each."""
        waits: list[int] = []
        due, rounds = {}, 0

        async def fine(payload):
            waits.append(rounds - due[payload["number"]])

        for number in range(POISONED):
            await _put("poison", number, small.clock())
        worker = Worker({"poison": _poison, "fine": fine}, clock=small.clock, at_once=AT_ONCE)
        while len(waits) < OTHERS:
            for number in range(len(due), min(len(due) + 5, OTHERS)):
                due[number] = rounds
                await _put("fine", number, small.clock())
            rounds += 1
            await worker.run_due()
            small.clock.advance(timedelta(milliseconds=50))
        one_lap = -(-POISONED // AT_ONCE)
        assert max(waits) <= one_lap + 1
        assert sorted(waits)[len(waits) * 95 // 100] <= 2
        assert await Job.filter(kind="poison", done_at=None).count() == POISONED
