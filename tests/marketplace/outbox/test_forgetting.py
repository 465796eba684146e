"""What is done is forgotten after ninety days; what is not done never is."""

from datetime import timedelta

import pytest

from marketplace.database.transactions import run_tx
from marketplace.outbox import forgetting
from marketplace.outbox import service as outbox
from marketplace.outbox.forgetting import KEPT, Forgetting
from marketplace.outbox.models import Job
from marketplace.outbox.worker import Worker
from tests.fakes.clock import SettableClock


@pytest.fixture
async def clock(db):
    """Ninety days and an hour after one job was done, one failed and one was put off until next year."""
    clock = SettableClock()

    async def handle(payload):
        if payload["fails"]:
            raise RuntimeError("no")

    for key, fails in (("done", False), ("failing", True)):
        await run_tx(lambda tx, key=key, fails=fails: outbox.add(tx, "work", key, {"fails": fails}, at=clock()))
    await Worker({"work": handle}, clock=clock).run_due()
    later = clock() + timedelta(days=365)
    await run_tx(lambda tx: outbox.add(tx, "work", "later", {"fails": False}, at=later))
    clock.advance(KEPT + timedelta(hours=1))
    return clock


async def keys() -> set[str]:
    return {job.key for job in await Job.all()}


class TestForgettingJobs:
    async def test_only_what_was_done_long_ago_goes(self, clock):
        await Forgetting(clock)()
        assert await keys() == {"failing", "later"}

    async def test_what_was_done_lately_stays(self, clock):
        await forgetting.forget_done(before=clock() - KEPT - timedelta(hours=2))
        assert await keys() == {"done", "failing", "later"}

    async def test_it_looks_once_an_hour(self, clock):
        forget = Forgetting(clock)
        await forget()
        await Job.filter(key="failing").update(done_at=clock() - KEPT - timedelta(minutes=1))
        await forget()
        assert "failing" in await keys()
        clock.advance(timedelta(hours=1))
        await forget()
        assert "failing" not in await keys()

    async def test_many_go_in_portions(self, clock, monkeypatch):
        monkeypatch.setattr(forgetting, "_FORGET", forgetting._FORGET.replace(str(forgetting.PORTION), "2"))
        done = clock() - KEPT - timedelta(hours=1)
        for number in range(5):
            await run_tx(lambda tx, number=number: outbox.add(tx, "work", f"n{number}", {}, at=done))
        await Job.filter(key__startswith="n").update(done_at=done)
        assert await forgetting.forget_done(before=clock() - KEPT) == 6
        assert await keys() == {"failing", "later"}

    async def test_its_reason_may_come_again_and_makes_a_new_job(self, clock):
        await Forgetting(clock)()
        await run_tx(lambda tx: outbox.add(tx, "work", "done", {"fails": False}, at=clock()))
        assert (await Job.get(key="done")).done_at is None
