"""Whatever is thrown at gateway and registry together: no serial is cancelled twice, and every outcome can be found.

ASHIATO_FAULTS=full makes the first test a run of 10 000 applications, of 125 seeds; without it two are tried. A seed that
fails draws the same faults again.
"""

import asyncio
import random
from typing import Any

import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationReport, CancellationState, OutcomeUnknown, RegistryUnreachable
from marketplace.registries.http import HttpRegistry
from marketplace.registries.matching import match_notice
from marketplace.registries.sandbox.faults import IN_THE_BOOKS, FaultKind
from tests.faults.amounts import amount
from tests.marketplace.registries.servers import RunningRegistry, a_request

SEEDS = range(amount(125, 2))
ON_THE_WAY = sorted(set(FaultKind) - IN_THE_BOOKS - {FaultKind.SLOW})


async def settle(gateway: HttpRegistry, request: Any) -> CancellationReport | None:
    """What a careful caller does: submit once; while nobody knows, look up; submit again only if it never arrived, and look once
    more if that is refused, since the first may have arrived meanwhile."""
    unknown = False
    for _ in range(30):
        try:
            report = await gateway.submit(request)
        except RegistryUnreachable:
            continue
        except OutcomeUnknown:
            unknown = True
            if (known := await look_up_patiently(gateway, request.reference)) is not None:
                return known
        else:
            refused_again = unknown and report.state is CancellationState.REJECTED
            return await look_up_patiently(gateway, request.reference) if refused_again else report
    return None


async def look_up_patiently(gateway: HttpRegistry, reference: str) -> CancellationReport | None:
    for _ in range(30):
        try:
            return await gateway.look_up(reference)
        except (OutcomeUnknown, RegistryUnreachable):
            continue
    pytest.fail(f"no answer about {reference} after thirty look-ups")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["registry", "forgetful_registry"])
async def test_each_application_happens_exactly_once(request: pytest.FixtureRequest, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    registry: RunningRegistry = request.getfixturevalue(kind)
    registry.admin(
        "POST",
        "faults",
        [
            {"kind": chance.choice(ON_THE_WAY), "operation": operation, "seconds": 2, "reference": reference}
            for operation, share in (("submit", 0.7), ("look_up", 0.3))
            for reference in (f"R{number}" for number in range(40))
            if chance.random() < share
        ],
    )
    wishes = [a_request(f"R{number}", number * 10 + 1, number * 10 + 10) for number in range(40)]
    chance.shuffle(wishes)
    async with registry.gateway(answer_timeout=1, connections=8, look_up_attempts=1) as gateway:
        reports = await asyncio.gather(*(settle(gateway, wish) for wish in wishes))
    for wish, report in zip(wishes, reports, strict=True):
        assert report is not None
        assert report.notice is not None
        assert match_notice(wish, report.notice) == ()
    assert registry.cancelled() == sorted((one.reference, one.serials.first, one.serials.last) for one in wishes)


@pytest.mark.parametrize("seed", SEEDS)
async def test_overlapping_wishes_never_take_a_serial_twice(registry: RunningRegistry, seed: int) -> None:
    chance = random.Random(seed)
    kinds = [None, *sorted(FaultKind)]
    registry.admin(
        "POST",
        "faults",
        [
            {"kind": kind, "seconds": 0.1, "reference": f"R{number}"}
            for number in range(80)
            if (kind := chance.choice(kinds)) is not None
        ],
    )

    async def throw(number: int) -> CancellationReport | None:
        first = chance.randint(1, 100)
        request = a_request(f"R{number}", first, first + chance.randint(0, 9))
        try:
            return await gateway.submit(request)
        except (OutcomeUnknown, RegistryUnreachable):
            return None

    async with registry.gateway(answer_timeout=8, connections=8) as gateway:
        reports = await asyncio.gather(*(throw(number) for number in range(80)))
        held = [h.serials for h in await gateway.holdings("service") if h.block == "B1"]
    assert any(report is not None and report.state is CancellationState.CONFIRMED for report in reports)
    cancelled = [SerialRange(first, last) for _, first, last in registry.cancelled()]
    serials = [serial for span in [*cancelled, *held] for serial in range(span.first, span.last + 1)]
    assert sorted(serials) == list(range(1, 601))
