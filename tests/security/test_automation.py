"""Whoever guesses or floods by the thousand is slowed down and finds nothing (F34), over HTTP with the published limits.

ASHIATO_FLOOD_SECONDS=60 .venv/bin/pytest tests/security/test_automation.py      # each for a minute; else as often as it takes
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from api.ports import free_port
from api.rate_limits import CALCULATING, HOLDING, LOOKING_UP, MAILING, Policy
from certificates.number import new_number
from certificates.statement import Environment
from tests.e2e.instance import eventually
from tests.forked import running
from tests.security.stage import Stage

SECONDS = float(os.environ.get("ASHIATO_FLOOD_SECONDS", "0"))
GUESSERS = 8
GUESSES_PER_SECOND = 1_000


@pytest.fixture(scope="module")
def limited(stage: Stage) -> Iterator[str]:
    """A second web process over the same data, with the limits as they are published."""
    with web_process(stage) as address:
        yield address


@contextmanager
def web_process(stage: Stage) -> Iterator[str]:
    port = free_port()
    kept = json.loads((stage.instance.data / "settings.json").read_text("utf-8"))
    variables = kept | {"ASHIATO_RATE_LIMIT_FACTOR": "1"}
    address = f"http://127.0.0.1:{port}"
    with running("api.cli", "web", "--port", str(port), variables=variables):
        eventually(lambda: answers(address), what="the limited process answers")
        yield address


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz").is_success
    except httpx.TransportError:
        time.sleep(0.05)
        return False


def flood(address: str, policy: Policy, ask) -> Counter[int]:
    """Eight callers at one address ask as fast as they can, for SECONDS and until even two windows of the policy are used up;
    how often each status was answered."""
    ends = time.monotonic() + SECONDS
    each = 2 * policy.most // GUESSERS + 4

    def one(_: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        with httpx.Client(base_url=address, timeout=60) as client:
            while seen.total() < each or time.monotonic() < ends:
                seen[ask(client).status_code] += 1
        return seen

    with ThreadPoolExecutor(GUESSERS) as guessers:
        return sum(guessers.map(one, range(GUESSERS)), Counter())


def most(policy: Policy, took: float) -> int:
    """In that many seconds, which may begin shortly before a new window."""
    return policy.most * (2 + int(took / policy.per.total_seconds()))


def guess() -> str:
    """Well formed, so that only the look-up can refuse it."""
    return new_number(Environment.SANDBOX)


def slowed_down(address: str, policy: Policy, ask, *, answered: frozenset[int]) -> Counter[int]:
    """The flood was answered as far as the policy goes and no further."""
    began = time.monotonic()
    seen = flood(address, policy, ask)
    assert set(seen) <= answered | {429}
    assert seen[429] > 0
    assert seen.total() - seen[429] <= most(policy, time.monotonic() - began)
    return seen


def slow_ones(others: httpx.Client, path: str, seconds: float) -> float:
    """What the slowest hundredth of requests took, in seconds, asked twenty times a second by visitors at ever other addresses."""
    took: list[float] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        began = time.perf_counter()
        answer = others.get(path, headers={"X-Forwarded-For": f"203.0.113.{len(took) % 250}"})
        took.append(time.perf_counter() - began)
        assert answer.status_code == 200
        time.sleep(0.05)
    return sorted(took)[len(took) * 99 // 100]


class TestGuessingCertificates:
    def test_hits_nothing_and_is_slowed_down(self, limited: str) -> None:
        ask = lambda client: client.get(f"/v1/certificates/{guess()}")  # noqa: E731
        assert slowed_down(limited, LOOKING_UP, ask, answered=frozenset({404}))[200] == 0

    def test_says_when_to_come_back(self, limited: str) -> None:
        with httpx.Client(base_url=limited, timeout=60) as client:
            asked = (client.get(f"/c/{guess()}") for _ in range(LOOKING_UP.most * 3))
            refused = next(answer for answer in asked if answer.status_code == 429)
        assert 0 < int(refused.headers["retry-after"]) <= LOOKING_UP.per.total_seconds()

    def test_leaves_the_page_of_others_as_it_was(self, stage: Stage, limited: str, capsys) -> None:
        """A thousand guesses a second at the very process that shows others the page. How fast they see it is asserted in a full
        run only: in a short one the machine's other work decides."""
        shown = f"/c/{stage.number}?lang=en"
        with httpx.Client(base_url=limited, timeout=60) as others:
            quiet = slow_ones(others, shown, SECONDS or 1)
            with running("tests.security.guesser", limited, str(GUESSES_PER_SECOND), str(SECONDS or 2)) as guesser:
                busy = slow_ones(others, shown, SECONDS or 1)
                guesser.process.join(SECONDS + 60)
                seen = Counter({int(status): times for status, times in json.loads(guesser.said()).items()})
        assert seen.keys() == {404, 429}
        assert seen[404] <= most(LOOKING_UP, SECONDS + 2)
        if SECONDS:
            asked = f"{seen.total() / SECONDS:.0f} guesses a second, p99 of others {quiet * 1000:.1f} ms, then {busy * 1000:.1f} ms"
            with capsys.disabled():
                sys.stdout.write(f"\n{asked}\n")
            assert busy <= 2 * quiet, asked


class TestFlooding:
    def test_the_calculators_ends_at_their_limit(self, limited: str) -> None:
        ask = lambda client: client.post("/v1/footprints", json={})  # noqa: E731
        slowed_down(limited, CALCULATING, ask, answered=frozenset({422}))

    def test_quotes_ends_at_their_limit(self, limited: str) -> None:
        ask = lambda client: client.post("/v1/quotes", json={})  # noqa: E731
        slowed_down(limited, HOLDING, ask, answered=frozenset({422}))

    def test_mailboxes_ends_at_its_limit(self, limited: str) -> None:
        ask = lambda client: client.post("/ja/sign-in", data={"email": "flooded@ashiato.example"})  # noqa: E731
        slowed_down(limited, MAILING, ask, answered=frozenset({200}))
