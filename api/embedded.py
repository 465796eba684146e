"""The whole service on one machine: web, worker, sandbox registry and sandbox payments, each a process of its own.

They speak HTTP to each other exactly as they would speak to the real registry and the real payment provider. Secrets are
drawn at random on the first start and kept in the data folder. A process that dies is started again.
"""

import contextlib
import json
import multiprocessing
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

from api.instance import keep_variables, own_database
from api.maintenance import migrate_and_seed
from api.pdf_authority import write_sandbox_authority
from api.ports import HOST, Ports
from api.processes import run_web, run_worker
from certificates.keys import create_key_file
from certificates.log.log_key import create_log_key_file
from certificates.statement import Environment
from marketplace.accounts.sealing import add_seal_key
from marketplace.payments.events import SUBJECTS
from marketplace.payments.sandbox import __main__ as sandbox_payments
from marketplace.registries.profiles import load_profiles
from marketplace.registries.sandbox import __main__ as sandbox_registry
from marketplace.registries.sandbox.settings import Credentials
from marketplace.sandbox_seed import accounts_by_hand, registry_seed

FORK = multiprocessing.get_context("fork")
STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 10.0
PAUSE_BEFORE_RESTART_SECONDS = 0.2


class ChildFailed(Exception):
    """A process of the embedded service did not come up; its log says why."""

    code = "child_failed"


@dataclass(slots=True)
class _Child:
    """A forked process: it shares what the supervisor has imported, so that starting and restarting take no time."""

    name: str
    target: Callable[[], object]
    variables: Mapping[str, str]
    log: Path
    process: BaseProcess | None = field(default=None)

    def start(self) -> None:
        self.process = FORK.Process(target=self._run, name=f"ashiato-{self.name}")
        self.process.start()

    def _run(self) -> None:
        # a session of its own: an interrupt at the terminal reaches the supervisor only, which stops its children in order
        os.setsid()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, signal.SIG_DFL)
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.environ.update(self.variables)
        self.target()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.is_alive()


class Embedded:
    """Start with `start`, watch with `watch`, end with `stop`. The supervisor stays free of threads, since it forks."""

    def __init__(self, data: Path, ports: Ports) -> None:
        self.data, self.ports = data.resolve(), ports
        self.address = f"http://{HOST}:{ports.web}"
        self._children: list[_Child] = []
        self._stopping = False

    def start(self) -> None:
        """Migrate, seed and start everything. Raises PortTaken, ChildFailed."""
        self.ports.check_free()
        (self.data / "logs").mkdir(parents=True, exist_ok=True)
        variables = self._variables()
        keep_variables(self.data, variables)
        self._prepare(variables)
        seed = self.data / "registry-seed.json"
        seed.write_text(json.dumps(registry_seed(), ensure_ascii=False), "utf-8")
        registry = ["--port", str(self.ports.registry), "--data", str(self.data / "registry"), "--seed", str(seed)]
        payments = [
            *("--port", str(self.ports.payments), "--data", str(self.data / "payments")),
            *("--webhook-url", f"{self.address}/webhooks/stripe"),
            *("--api-key", variables["ASHIATO_STRIPE_API_KEY"]),
            *("--webhook-secret", *json.loads(variables["ASHIATO_STRIPE_WEBHOOK_SECRETS"])),
            *(part for type_ in sorted(SUBJECTS) for part in ("--webhook-event", type_)),
        ]
        self._children = [
            self._child("web", lambda: run_web(HOST, self.ports.web), variables),
            self._child("registry", lambda: sandbox_registry.main(registry), {}),
            self._child("payments", lambda: sandbox_payments.main(payments), {}),
            self._child("worker", run_worker, variables),
        ]
        # the web process first: it answers while the others, which a visitor needs later, are still starting
        web, *others = self._children
        web.start()
        self._wait_until_answers(f"{self.address}/readyz")
        for child in others:
            child.start()
        self._note_process_ids()
        for port in (self.ports.payments, self.ports.registry):
            self._wait_until_answers(f"http://{HOST}:{port}/")

    def _prepare(self, variables: Mapping[str, str]) -> None:
        """Migrate and seed in a process of its own, so that the supervisor never opens the database."""
        preparing = self._child("prepare", migrate_and_seed, variables)
        preparing.start()
        if preparing.process is not None:
            preparing.process.join()
            if preparing.process.exitcode != 0:
                raise ChildFailed(f"the database could not be prepared; see {preparing.log}")

    def _child(self, name: str, target: Callable[[], object], variables: Mapping[str, str]) -> _Child:
        return _Child(name, target, variables, self.data / "logs" / f"{name}.log")

    def _note_process_ids(self) -> None:
        """processes.json names the process ids, for those who want to see what happens when one is killed."""
        ids = {child.name: child.process.pid for child in self._children if child.process is not None}
        draft = self.data / "processes.json.new"
        draft.write_text(json.dumps(ids), "utf-8")
        draft.replace(self.data / "processes.json")

    def _variables(self) -> dict[str, str]:
        kept = self._kept_secrets()
        registry = Credentials.kept_in(self.data / "registry")
        access = {
            "via": "sandbox",
            "url": f"http://{HOST}:{self.ports.registry}",
            "token": registry.client_token,
            "fault_token": registry.admin_token,
        }
        return {
            "ASHIATO_ENVIRONMENT": Environment.SANDBOX.value,
            "ASHIATO_DATABASE_URL": own_database(self.data),
            "ASHIATO_BASE_URL": self.address,
            "ASHIATO_STRIPE_API_KEY": kept["stripe_api_key"],
            "ASHIATO_STRIPE_WEBHOOK_SECRETS": json.dumps([kept["stripe_webhook_secret"]]),
            "ASHIATO_STRIPE_API_BASE": f"http://{HOST}:{self.ports.payments}",
            "ASHIATO_REGISTRIES": json.dumps(
                {
                    code: access | {"desk_accounts": accounts_by_hand(code)}
                    for code, profile in load_profiles().items()
                    if profile.sellable
                }
            ),
            "ASHIATO_SIGNING_KEY_FILE": str(self._signing_key()),
            "ASHIATO_RETIRED_KEYS_FILE": str(self._retired_keys()),
            "ASHIATO_SEAL_KEYS_FILE": str(self._seal_keys()),
            "ASHIATO_MAILBOX": "true",
            # whoever tries webhooks here has a receiver on the same machine
            "ASHIATO_WEBHOOKS_TO_LOOPBACK": "true",
            "ASHIATO_OPERATOR_MAIL": json.dumps(["operator@ashiato.example"]),
            # one person at one machine, who may well be running the benchmark
            "ASHIATO_RATE_LIMIT_FACTOR": "1000",
            "ASHIATO_LOG_KEY_FILE": str(self._log_key()),
            **self._pdf_authority(),
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

    def _retired_keys(self) -> Path:
        file = self.data / "retired-keys.json"
        if not file.exists():
            file.write_text('{"keys": []}', "utf-8")
        return file

    def _seal_keys(self) -> Path:
        file = self.data / "seal-keys.txt"
        if not file.exists():
            add_seal_key(file)
        return file

    def _log_key(self) -> Path:
        file = self.data / "log-key.pem"
        if not file.exists():
            create_log_key_file(file, Environment.SANDBOX)
        return file

    def _pdf_authority(self) -> dict[str, str]:
        """A private authority, named as a test in every signature it makes."""
        key, chain = self.data / "pdf-signing-key.pem", self.data / "pdf-signing-chain.pem"
        if not (key.exists() and chain.exists()):
            write_sandbox_authority(key, chain, now=datetime.now(UTC))
        return {"ASHIATO_PDF_SIGNING_KEY_FILE": str(key), "ASHIATO_PDF_SIGNING_CHAIN_FILE": str(chain)}

    def _wait_until_answers(self, address: str) -> None:
        """Until `address` gives any answer but a server error; fails as soon as a process that was started has ended."""
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and not child.running:
                    self.stop()
                    raise ChildFailed(f"{child.name} did not come up; see {child.log}")
            with contextlib.suppress(httpx.TransportError):
                if not httpx.get(address, timeout=5, verify=False).is_server_error:  # noqa: S501 - plain http on loopback
                    return
            time.sleep(0.02)
        self.stop()
        raise ChildFailed(f"not ready within {STARTS_WITHIN_SECONDS:.0f} s; see {self.data / 'logs'}")

    def watch(self) -> None:
        """Start again whatever dies, until `stop` is called."""
        while not self._stopping:
            dead = [child for child in self._children if not child.running]
            for child in dead:
                if not self._stopping:
                    child.start()
            if dead:
                self._note_process_ids()
            time.sleep(PAUSE_BEFORE_RESTART_SECONDS)

    def stop(self, *_: Any) -> None:
        self._stopping = True
        running = [child.process for child in self._children if child.process is not None and child.running]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOPS_WITHIN_SECONDS
        for process in running:
            process.join(max(0.1, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
