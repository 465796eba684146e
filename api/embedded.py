"""The whole service on one machine: web, worker, sandbox registry and sandbox payments, each a process of its own.

They speak HTTP to each other exactly as they would speak to the real registry and the real payment provider. Secrets are
drawn at random on the first start and kept in the data folder. A process that dies is started again.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from certificates.keys import create_key_file
from certificates.statement import Environment
from marketplace.registries.profiles import load_profiles
from marketplace.registries.sandbox.settings import Credentials
from marketplace.sandbox_seed import registry_seed

HOST = "127.0.0.1"
STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 10.0
PAUSE_BEFORE_RESTART_SECONDS = 0.2


class PortTaken(Exception):
    """Another program listens on a port that the embedded service needs."""

    code = "port_taken"


class ChildFailed(Exception):
    """A process of the embedded service did not come up; its log says why."""

    code = "child_failed"


@dataclass(frozen=True, slots=True)
class Ports:
    """Web, payments and registry; payments and registry follow the web port so that a restart finds them again."""

    web: int
    payments: int
    registry: int

    @classmethod
    def from_first(cls, port: int) -> "Ports":
        return cls(port, port + 1, port + 2)

    def check_free(self) -> None:
        for port in (self.web, self.payments, self.registry):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError as error:
                    raise PortTaken(f"port {port} is taken; choose another with --port") from error


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            # a group of its own: an interrupt at the terminal reaches the supervisor only, which stops its children in order
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
                self.command,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )


class Embedded:
    """Start with `start`, watch with `watch`, end with `stop`."""

    def __init__(self, data: Path, ports: Ports) -> None:
        self.data, self.ports = data, ports
        self.address = f"http://{HOST}:{ports.web}"
        self._children: list[_Child] = []
        self._stopping = threading.Event()

    def start(self, migrate_and_seed: Callable[[dict[str, str]], None]) -> None:
        """`migrate_and_seed` is given the environment variables of the settings. Raises PortTaken, ChildFailed."""
        self.ports.check_free()
        self.data.mkdir(parents=True, exist_ok=True)
        (self.data / "logs").mkdir(exist_ok=True)
        variables = self._variables()
        migrate_and_seed(variables)
        python = [sys.executable, "-m"]
        seed = self.data / "registry-seed.json"
        seed.write_text(json.dumps(registry_seed(), ensure_ascii=False), "utf-8")
        here = dict(os.environ)
        self._add(
            "registry",
            [*python, "marketplace.registries.sandbox", "--port", str(self.ports.registry)]
            + ["--data", str(self.data / "registry"), "--seed", str(seed)],
            here,
        )
        self._add(
            "payments",
            [*python, "marketplace.payments.sandbox", "--port", str(self.ports.payments)]
            + ["--data", str(self.data / "payments"), "--webhook-url", f"{self.address}/webhooks/stripe"]
            + ["--api-key", variables["ASHIATO_STRIPE_API_KEY"]]
            + ["--webhook-secret", *json.loads(variables["ASHIATO_STRIPE_WEBHOOK_SECRETS"])],
            here,
        )
        self._add("web", [*python, "api.cli", "web", "--port", str(self.ports.web)], here | variables)
        self._add("worker", [*python, "api.cli", "worker"], here | variables)
        for child in self._children:
            child.start()
        self._wait_until_ready()

    def _add(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._children.append(_Child(name, command, environment, self.data / "logs" / f"{name}.log"))

    def _variables(self) -> dict[str, str]:
        kept = self._kept_secrets()
        registry = Credentials.kept_in(self.data / "registry")
        access = {"url": f"http://{HOST}:{self.ports.registry}", "token": registry.client_token}
        return {
            "ASHIATO_ENVIRONMENT": Environment.SANDBOX.value,
            "ASHIATO_DATABASE_URL": f"sqlite://{(self.data / 'ashiato.sqlite3').resolve()}",
            "ASHIATO_BASE_URL": self.address,
            "ASHIATO_STRIPE_API_KEY": kept["stripe_api_key"],
            "ASHIATO_STRIPE_WEBHOOK_SECRETS": json.dumps([kept["stripe_webhook_secret"]]),
            "ASHIATO_STRIPE_API_BASE": f"http://{HOST}:{self.ports.payments}",
            "ASHIATO_REGISTRIES": json.dumps(
                {code: access for code, profile in load_profiles().items() if profile.sellable}
            ),
            "ASHIATO_SIGNING_KEY_FILE": str(self._signing_key()),
        }

    def _kept_secrets(self) -> dict[str, str]:
        file = self.data / "secrets.json"
        if not file.exists():
            fresh = {
                "stripe_api_key": f"sk_test_{secrets.token_hex(24)}",
                "stripe_webhook_secret": f"whsec_{secrets.token_hex(24)}",
            }
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
                json.dump(fresh, opened)
        kept: dict[str, str] = json.loads(file.read_text("utf-8"))
        return kept

    def _signing_key(self) -> Path:
        file = self.data / "signing-key.pem"
        if not file.exists():
            create_key_file(file, Environment.SANDBOX, now=datetime.now(UTC))
        return file

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    self.stop()
                    raise ChildFailed(f"{child.name} ended with {child.process.returncode}; see {child.log}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            time.sleep(0.05)
        self.stop()
        raise ChildFailed(f"not ready within {STARTS_WITHIN_SECONDS:.0f} s; see {self.data / 'logs'}")

    def pid(self, name: str) -> int:
        """The process id of a child, for those who want to see what happens when it is killed."""
        child = next(child for child in self._children if child.name == name)
        if child.process is None:
            raise ChildFailed(f"{name} was never started")
        return child.process.pid

    def watch(self) -> None:
        """Start again whatever dies, until `stop` is called."""
        while not self._stopping.wait(PAUSE_BEFORE_RESTART_SECONDS):
            for child in self._children:
                if child.process is not None and child.process.poll() is not None and not self._stopping.is_set():
                    child.start()

    def stop(self, *_: Any) -> None:
        self._stopping.set()
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOPS_WITHIN_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
