"""The running service keeps what its OpenAPI document promises, whatever is sent: never a 5xx, never an undocumented answer.

A short seeded run of generated requests; how many calls it made stands in the run's output. ASHIATO_CONTRACT_EXAMPLES=200 is the full
run: with it come the some ten thousand requests that walk every bound and every type of every field, more than 20,000 calls in all.
Seven calls of eight show a key to every door, and half of those about products and event pages are about ones that exist.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import openapi
from api.v1.contents import ENDPOINTS
from certificates.keys import create_key_file
from certificates.log.log_key import create_log_key_file
from certificates.statement import Environment
from marketplace.accounts.sealing import add_seal_key
from tests.api.buying import fresh_key
from tests.api.test_event_pages import BODY as EVENT_PAGE
from tests.api.test_products import BODY as PRODUCT
from tests.forked import running

FULL = "ASHIATO_CONTRACT_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("ASHIATO_CONTRACT_EXAMPLES", "3"))
PROMISES = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
schema = schemathesis.openapi.from_dict(openapi.description(ENDPOINTS, "http://127.0.0.1"))
schema.config.phases.coverage.enabled = FULL


@dataclass(frozen=True, slots=True)
class Service:
    """`own` are ids of things of the key's organisation, by the name of the path's parameter; `answered` counts calls by status."""

    url: str
    key: str
    own: dict[str, str]
    answered: Counter[int] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Service]:
    """The web process as it is started in production, over a seeded SQLite database."""
    folder: Path = tmp_path_factory.mktemp("service")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    create_key_file(folder / "key.pem", Environment.SANDBOX, now=datetime.now(UTC))
    create_log_key_file(folder / "log-key.pem", Environment.SANDBOX)
    add_seal_key(folder / "seal-keys.txt")
    variables = os.environ | {
        "ASHIATO_ENVIRONMENT": "sandbox",
        "ASHIATO_DATABASE_URL": f"sqlite://{folder}/test.sqlite3",
        "ASHIATO_BASE_URL": f"http://127.0.0.1:{port}",
        "ASHIATO_STRIPE_API_KEY": f"sk_test_{secrets.token_hex(12)}",
        "ASHIATO_STRIPE_WEBHOOK_SECRETS": '["whsec_for_tests_only"]',
        "ASHIATO_STRIPE_API_BASE": "http://127.0.0.1:9",
        "ASHIATO_REGISTRIES": "{}",
        "ASHIATO_RATE_LIMIT_FACTOR": "1000000",
        "ASHIATO_SIGNING_KEY_FILE": str(folder / "key.pem"),
        "ASHIATO_SEAL_KEYS_FILE": str(folder / "seal-keys.txt"),
        "ASHIATO_LOG_KEY_FILE": str(folder / "log-key.pem"),
    }
    filling = [sys.executable, "-m", "tests.api.contract_market"]
    key = subprocess.run(
        filling, env=variables, check=True, timeout=60, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    with running("api.cli", "web", "--port", str(port), variables=variables) as web:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while not _ready(url):
            assert web.process.is_alive(), web.complained()
            assert time.monotonic() < deadline, web.complained()
            time.sleep(0.05)
        opened = Service(url, key, _own_things(url, key))
        yield opened
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stdout.write(f"\n{opened.answered.total()} calls were answered: {dict(sorted(opened.answered.items()))}\n")


def _own_things(url: str, key: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {key}"}
    things = (("product_id", "/v1/products", PRODUCT), ("page_id", "/v1/event_pages", EVENT_PAGE))
    with httpx.Client(base_url=url, timeout=30) as client:
        made = {name: client.post(path, json=body, headers=headers | fresh_key()) for name, path, body in things}
    return {name: answer.raise_for_status().json()["id"] for name, answer in made.items()}


def _about_own_things(case: schemathesis.Case, service: Service) -> None:
    if service.answered.total() % 2:
        case.path_parameters = case.path_parameters and {
            name: service.own.get(name, value) for name, value in case.path_parameters.items()
        }


def _with_a_key(case: schemathesis.Case, service: Service) -> None:
    """In the place of what was made up."""
    if service.answered.total() % 8:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {service.key}"}


def _with_a_real_listing(case: schemathesis.Case) -> None:
    """Half of the quotes are for a listing that exists: a random id leads nowhere."""
    lines = case.body.get("listings") if case.path == "/v1/quotes" and isinstance(case.body, dict) else None
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, dict) and isinstance(line.get("listing_id"), str) and len(line["listing_id"]) % 2:
            line["listing_id"] = "sbx-listing-007"


def _excused(status: int) -> object:
    """501 is no fault but the answer that oEmbed prescribes for a format that is not offered; it is documented like any other."""
    return not_a_server_error if status == 501 else None


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@seed(20261122)
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_promise_is_kept(case, service):
    _with_a_real_listing(case)
    _about_own_things(case, service)
    _with_a_key(case, service)
    response = case.call(base_url=service.url)
    service.answered[response.status_code] += 1
    case.validate_response(
        response, checks=[check for check in PROMISES if check is not _excused(response.status_code)]
    )
