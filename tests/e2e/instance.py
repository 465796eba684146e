"""A whole embedded instance in processes of its own, and a buyer who uses it over HTTP."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from api.demo import CARD
from api.ports import free_port
from tests.forked import running

PATIENCE_SECONDS = 90
LONGEST_PAUSE_SECONDS = 0.1


def eventually(look: Callable[[], Any], *, what: str) -> Any:
    """The first true answer of `look`; fails the test when patience ends.

    It looks less and less often, since a look takes time from what is waited for.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.005
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
    raise AssertionError(f"did not happen: {what}")


@dataclass
class Instance:
    address: str
    data: Path
    client: httpx.Client

    @property
    def registry(self) -> httpx.Client:
        """The sandbox registry's administration."""
        token = json.loads((self.data / "registry" / "credentials.json").read_text())["admin_token"]
        port = urlsplit(self.address).port + 2
        return httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def kill(self, name: str) -> None:
        """kill -9 a process of this instance, and wait until its successor is there."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self.pid(name) != before, what=f"{name} is started again")

    def pid(self, name: str) -> int:
        return json.loads((self.data / "processes.json").read_text())[name]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(path, json=body, headers={"Idempotency-Key": os.urandom(16).hex()})
        assert answer.is_success, answer.text
        return answer.json()

    def order(self, *, amount_g: int = 1_000_000) -> Any:
        """A new order that awaits its payment."""
        listings = self.client.get("/v1/listings", params={"limit": 100}).json()["data"]
        listing = next(item for item in listings if item["free_g"] >= amount_g >= item["minimum_g"])
        quote = self.post("/v1/quotes", {"listings": [{"listing_id": listing["id"], "amount_g": amount_g}]})
        return self.post(
            "/v1/orders",
            {
                "quote_id": quote["id"],
                "consent_version": self.client.get("/v1/consent").json()["version"],
                "instruction": {
                    "type": "event",
                    "subject": "足跡学会",
                    "period_first": "2026-11-01",
                    "period_last": "2026-11-02",
                    "beneficiary": "足跡学会",
                    "beneficiary_public": True,
                    "purpose_detail": "足跡学会のオフセット",
                    "credit_user": "足跡学会",
                    "reduction_effort": "資料を電子配布に変えた",
                },
            },
        )

    def pay(self, order: Any) -> None:
        answer = httpx.post(order["checkout_url"], data=CARD, timeout=30)
        assert answer.status_code == httpx.codes.SEE_OTHER, answer.text

    def see(self, order: Any) -> Any:
        return self.client.get(urlsplit(order["url"]).path).json()

    def happened(self, order: Any, kind: str) -> bool:
        return kind in [event["kind"] for event in self.see(order)["timeline"]]


@contextmanager
def an_instance(data: Path) -> Iterator[Instance]:
    # given as `make run` gives it: from where the command is typed
    arguments = ("serve", "--port", str(free_port()), "--data", os.path.relpath(data))
    # a killed worker's jobs are taken over sooner than in operation: the tests need not wait for what they do not check
    with running("api.cli", *arguments, variables={"ASHIATO_JOB_LEASE": "PT4S"}) as service:

        def address() -> str | None:
            found = re.search(r"http://\S+", service.said())
            assert found or service.process.is_alive(), service.complained()
            return found and found.group(0)

        started: str = eventually(address, what="the service starts")
        with httpx.Client(base_url=started, timeout=30) as client:
            yield Instance(started, data, client)
