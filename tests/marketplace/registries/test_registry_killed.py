"""kill -9 of the registry at any moment: afterwards every application either happened once or was never seen."""

import asyncio
import random
from collections.abc import Callable

import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationState, OutcomeUnknown, RegistryUnreachable
from marketplace.registries.matching import match_notice
from tests.marketplace.registries.servers import RegistryProcess, a_request


class TestKilledBetweenCommitAndAnswer:
    async def test_the_look_up_finds_it_after_the_restart(self, registry_process: RegistryProcess) -> None:
        running = registry_process.start()
        running.fault("timeout_after_commit", seconds=60)
        async with running.gateway(answer_timeout=30) as gateway:
            sent = asyncio.create_task(gateway.submit(a_request()))
            await until(lambda: running.has_committed("R1"))
            registry_process.kill()
            with pytest.raises(OutcomeUnknown):
                await sent
        async with registry_process.start().gateway() as gateway:
            report = await gateway.look_up("R1")
        assert report is not None
        assert report.notice is not None
        assert match_notice(a_request(), report.notice) == ()


class TestKilledBeforeCommit:
    async def test_the_look_up_finds_nothing(self, registry_process: RegistryProcess) -> None:
        running = registry_process.start()
        running.fault("slow", seconds=60)
        async with running.gateway(answer_timeout=30) as gateway:
            sent = asyncio.create_task(gateway.submit(a_request()))
            # the fault has been taken up by the request, which hangs in it
            await until(lambda: not running.admin("GET", "faults")["items"])
            registry_process.kill()
            with pytest.raises(OutcomeUnknown):
                await sent
            with pytest.raises(RegistryUnreachable):
                await gateway.submit(a_request("R2", 20, 21))
        async with registry_process.start().gateway() as gateway:
            assert await gateway.look_up("R1") is None


class TestKilledWhileAnApplicationIsPending:
    async def test_it_is_decided_after_the_restart(self, registry_process: RegistryProcess) -> None:
        running = registry_process.start()
        running.admin("PUT", "clock", {"now": "2026-11-20T00:00:00Z", "runs": False})
        running.admin("PUT", "schedule", {"delay_seconds": 3600})
        async with running.gateway() as gateway:
            assert (await gateway.submit(a_request())).state is CancellationState.PENDING
        registry_process.kill()
        running = registry_process.start()
        running.admin("PUT", "clock", {"now": "2026-11-20T02:00:00Z", "runs": False})
        async with running.gateway() as gateway:
            report = await gateway.look_up("R1")
        assert report is not None
        assert report.state is CancellationState.CONFIRMED


class TestKilledUnderLoad:
    async def test_what_was_confirmed_stays_and_nothing_happened_twice(self, registry_process: RegistryProcess) -> None:
        chance = random.Random(11)
        requests = {f"R{n}": a_request(f"R{n}", n * 5 + 1, n * 5 + 5) for n in range(100)}
        confirmed: set[str] = set()
        waiting = list(requests)
        for _ in range(3):
            running = registry_process.start()
            async with running.gateway() as gateway:
                for reference in [one for one in requests if one not in confirmed and one not in waiting]:
                    if await gateway.look_up(reference) is None:
                        waiting.append(reference)  # it certainly never arrived, so it may be sent again
                    else:
                        confirmed.add(reference)
                batch = [waiting.pop() for _ in range(min(30, len(waiting)))]
                sent = [asyncio.create_task(gateway.submit(requests[reference])) for reference in batch]
                await asyncio.sleep(chance.uniform(0.02, 0.2))
                registry_process.kill()
                results = await asyncio.gather(*sent, return_exceptions=True)
            for reference, result in zip(batch, results, strict=True):
                if isinstance(result, RegistryUnreachable):
                    waiting.append(reference)
                elif not isinstance(result, OutcomeUnknown):
                    assert not isinstance(result, BaseException)
                    assert result.state is CancellationState.CONFIRMED
                    confirmed.add(reference)
        running = registry_process.start()
        running.ask("GET", "/v1/holdings?account=service")  # whatever is due is decided
        cancelled = running.cancelled()
        assert confirmed <= {reference for reference, _, _ in cancelled}
        serials = sorted(serial for _, first, last in cancelled for serial in range(first, last + 1))
        assert len(serials) == len(set(serials))
        async with running.gateway() as gateway:
            held = await gateway.holdings("service")
        assert sum(len(holding.serials) for holding in held) == 700 - len(serials)
        assert all(requests[reference].serials == SerialRange(first, last) for reference, first, last in cancelled)


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never happened")
