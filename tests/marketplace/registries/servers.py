"""Sandbox registries that really listen: in a thread for speed, in a process of their own where one has to be killed."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import HttpUrl, SecretStr

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationRequest
from marketplace.registries.http import HttpRegistry
from marketplace.registries.http_exchange import HttpRegistrySettings
from marketplace.registries.sandbox.app import create_registry
from marketplace.registries.sandbox.settings import DATABASE_FILE, Credentials, SandboxRegistrySettings

SEED: dict[str, Any] = {
    "accounts": [{"id": "service", "name": "Service"}, {"id": "provider", "name": "Provider"}],
    "blocks": [
        {"id": "B1", "first": 1, "last": 1000, "serial_prefix": "INV-", "title": "架空の太陽光", "acts": ["mukoka"]},
        {"id": "B2", "first": 5001, "last": 5100, "acts": ["mukoka", "torikeshi"]},
    ],
    "holdings": [
        {"account": "service", "block": "B1", "first": 1, "last": 600},
        {"account": "provider", "block": "B1", "first": 601, "last": 1000},
        {"account": "service", "block": "B2", "first": 5001, "last": 5100},
    ],
}


def a_request(reference: str = "R1", first: int = 1, last: int = 10, **changed: Any) -> CancellationRequest:
    facts: dict[str, Any] = {
        "reference": reference,
        "account": "service",
        "block": "B1",
        "serials": SerialRange(first, last),
        "act": "mukoka",
        "purpose": "carbon_offset",
        "purpose_detail": "二日間の学会に伴う排出",
        "credit_user": "髙﨑商事 株式会社",
    }
    return CancellationRequest(**facts | changed)


HTTP = httpx.Client(trust_env=False, timeout=30)


@dataclass
class RunningRegistry:
    """One listening sandbox registry, with its admin's hands."""

    address: str
    data: Path
    credentials: Credentials

    def gateway(self, **changed: Any) -> HttpRegistry:
        """A gateway with short times, so that tests that wait for a time-out wait little."""
        quick: dict[str, Any] = {
            "address": HttpUrl(self.address),
            "token": SecretStr(self.credentials.client_token),
            "connect_timeout": 2,
            "answer_timeout": 5,
            "first_retry_after": 0,
            "circuit_failures": 1000,
        }
        return HttpRegistry(HttpRegistrySettings(**quick | changed))

    def admin(self, method: str, path: str, content: Any = None) -> Any:
        answer = HTTP.request(
            method,
            f"{self.address}/admin/{path}",
            content=json.dumps(content),
            headers={"Authorization": f"Bearer {self.credentials.admin_token}"},
        )
        answer.raise_for_status()
        return answer.json()

    def ask(self, method: str, path: str, content: Any = None, **headers: str) -> httpx.Response:
        """A plain request as the market's client, without the gateway's care."""
        return HTTP.request(
            method,
            f"{self.address}{path}",
            content=None if content is None else json.dumps(content),
            headers={"Authorization": f"Bearer {self.credentials.client_token}"} | headers,
        )

    def fault(self, kind: str, **more: Any) -> None:
        self.admin("POST", "faults", {"kind": kind} | more)

    def cancelled(self) -> list[tuple[str, int, int]]:
        """What is cancelled in the registry's own database, whatever it says of it: (reference, first, last)."""
        return self._read(
            "SELECT reference, c.first, c.last FROM cancelled c JOIN application a ON a.id = c.application"
        )

    def has_committed(self, reference: str) -> bool:
        """Whether its database knows an application, whatever it has answered."""
        return (reference,) in self._read("SELECT reference FROM application")

    def _read(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.data / DATABASE_FILE}?mode=ro", uri=True)) as books:
            return sorted(books.execute(query).fetchall())


@contextmanager
def registry_in_a_thread(
    data: Path, *, unique_references: bool = True, given: SandboxRegistrySettings | None = None
) -> Iterator[RunningRegistry]:
    credentials = Credentials.kept_in(data)
    app = create_registry(given or credentials.settings(data, unique_references=unique_references))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running = RunningRegistry(f"http://127.0.0.1:{listener.getsockname()[1]}", data, credentials)
        running.admin("POST", "seed", SEED)
        yield running
        server.should_exit = True
        thread.join()


class RegistryProcess:
    """The registry as `python -m` starts it; can be killed and started again over the same data."""

    def __init__(self, data: Path, seed: Path) -> None:
        self._data, self._seed = data, seed
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> RunningRegistry:
        command = [sys.executable, "-m", "marketplace.registries.sandbox", "--port", "0", "--data", str(self._data)]
        self._process = subprocess.Popen(
            [*command, "--seed", str(self._seed)], stdout=subprocess.PIPE, text=True, env=os.environ | {"TZ": "UTC"}
        )
        assert self._process.stdout is not None
        announced = json.loads(self._process.stdout.readline())
        credentials = Credentials.model_validate_json(Path(announced["credentials"]).read_bytes())
        return RunningRegistry(announced["listening"], self._data, credentials)

    def kill(self) -> None:
        """kill -9, at whatever line it is."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None
