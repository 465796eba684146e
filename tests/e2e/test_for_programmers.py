"""What a programmer finds works: every example of the reference in three languages, the generated clients, and webhooks.

All against one running service, over HTTP.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import clients
from api.ports import free_port
from api.reference.examples import LANGUAGES, examples, variables
from api.reference.pages import RECEIVING
from api.v1.contents import ENDPOINTS
from clients.make import make_python
from tests.e2e.instance import Instance, eventually
from tests.e2e.running_examples import Program, node, run
from tests.e2e.signed_in import sign_in_at

CLIENTS = Path(clients.__file__).parent
NOTHING_THERE = "none"
# What an example meets here although it is sound, because of what its reader would have and this service has not.
MEETS: Mapping[str, str] = {
    # a shop pays from a balance; this one has none
    "buy_cover": "balance_too_low",
    # a footprint of an event is no product's
    "read_footprint_as_pact": "not_a_cradle_to_gate_product",
    # nobody has given anything back
    "read_credit_note": "invoice_not_found",
    # nothing of its product is covered
    "make_item_batch": "items_above_cover",
    "read_item": "item_code_unknown",
    "read_holding_list": "checked_list_gone",
    "bring_in_holding_list": "checked_list_gone",
}


@dataclass(frozen=True)
class Shop:
    """An organisation with a key, and one of everything it can have."""

    instance: Instance
    key: str
    have: Mapping[str, str]

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": secrets.token_hex(16)}
        answer = self.instance.client.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def a_quote(self) -> str:
        wish = {"listings": [{"listing_id": self.have["LISTING_ID"], "amount_g": 1_000_000}], "rounding": "whole"}
        return str(self.post("/v1/quotes", wish)["id"])

    def an_order(self) -> Any:
        example = next(one.example for one in ENDPOINTS if one.name == "create_order")
        return self.post("/v1/orders", {**example, "quote_id": self.a_quote()})

    def a_product(self) -> str:
        example = next(one.example for one in ENDPOINTS if one.name == "create_product")
        return str(self.post("/v1/products", dict(example or {}))["id"])

    def an_endpoint(self, url: str) -> Any:
        return self.post("/v1/webhook_endpoints", {"url": url})


@pytest.fixture(scope="module")
def shop(instance: Instance) -> Shop:
    owner = sign_in_at(instance, "owner", email="shop@ashiato.example", provider="sandbox-a")
    scopes = [name for name in owner.page("/en/account/keys").xpath("//input/@name") if str(name).startswith("scope/")]
    made = owner.post(
        "/en/account/keys", action="create", name="shop", lifetime="30", **{str(name): "yes" for name in scopes}
    )
    (key,) = re.findall(r"ashiato_test_[\w-]{43}", made.text)
    listings = instance.client.get("/v1/listings", params={"limit": 100, "registry": "jcredit"}).json()["data"]
    listing = next(one for one in listings if one["minimum_g"] == 1_000_000 and one["free_g"] >= 20_000_000)
    have = {"API": instance.address, "KEY": key, "LISTING_ID": listing["id"]}
    order = Shop(instance, key, have).an_order()
    instance.pay(order)
    eventually(lambda: instance.see(order)["certificate"], what="the order is certified")
    eventually(
        lambda: instance.client.get(f"/v1/orders/{order['token']}/papers").json()["data"], what="the invoice is there"
    )
    shop = Shop(instance, key, have)
    example = {one.name: one.example for one in ENDPOINTS}
    project = instance.client.get("/v1/projects", params={"limit": 1}).json()["data"][0]["key"]
    exports = instance.client.get("/v1/openapi.json").json()["components"]["schemas"]["Form"]["enum"]
    return Shop(
        instance,
        key,
        have
        | {
            "ORDER_TOKEN": order["token"],
            "CERTIFICATE_NUMBER": instance.see(order)["certificate"]["number"],
            "FOOTPRINT_ID": shop.post("/v1/footprints", dict(example["create_footprint"] or {}))["id"],
            "FACTOR_ID": "jp.grid.fy2024.national_average",
            "PROJECT_KEY": quote(project, safe=""),
            "FORM": exports[0],
            "QUOTE_ID": shop.a_quote(),
            "PRODUCT_ID": shop.a_product(),
            "MONTH": "2026-10",
            "ACCOUNT_NUMBER": "SBX-ACCOUNT-A1",
            "WEBHOOK_URL": f"{instance.address}/nothing-here",
            "WEBHOOK_ENDPOINT_ID": shop.an_endpoint(f"{instance.address}/nothing-there")["id"],
        },
    )


def used_up(shop: Shop, language: str) -> Mapping[str, Mapping[str, str]]:
    """What some examples use up, fresh for each language."""
    here = f"{shop.instance.address}/nothing-for-{language.lower()}"
    return {
        "create_order": {"QUOTE_ID": shop.a_quote()},
        "cancel_order": {"ORDER_TOKEN": shop.an_order()["token"]},
        **{
            name: {"PRODUCT_ID": shop.a_product()}
            for name in ("add_footprint_version", "add_cover_period", "end_product")
        },
        "create_webhook_endpoint": {"WEBHOOK_URL": here},
        "delete_webhook_endpoint": {"WEBHOOK_ENDPOINT_ID": shop.an_endpoint(f"{here}-gone")["id"]},
    }


class TestEachExampleOfTheReference:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_runs_as_it_stands(self, shop: Shop, language: str, tmp_path: Path) -> None:
        fresh, programs, without = used_up(shop, language), [], set()
        for declared in ENDPOINTS:
            given = {**shop.have, **fresh.get(declared.name, {})}
            missing = [name for name in variables(declared) if name not in given]
            if missing:
                without.add(declared.name)
            given |= dict.fromkeys(missing, NOTHING_THERE)
            programs.append(Program(declared.name, dict(examples(declared))[language], given))
        wrong = {}
        for name, ended in run(language, programs, tmp_path / "programs").items():
            if name in MEETS:
                sound = not ended.ok and f'"{MEETS[name]}"' in ended.said.replace('\\"', '"')
            elif name in without:
                # what this shop has not is asked for all the same, and is not there
                sound = not ended.ok and "not_found" in ended.said
            else:
                sound = ended.ok
            if not sound:
                wrong[name] = ended.said[-600:]
        assert wrong == {}


class TestThePythonClient:
    def test_is_generated_whole_and_works(self, instance: Instance, tmp_path: Path) -> None:
        assert make_python(tmp_path) == ""
        environment = os.environ | {"PYTHONPATH": str(tmp_path), "ASHIATO_API": instance.address}
        command = [sys.executable, str(CLIENTS / "python" / "example.py")]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout
        total_g, total, refusal = said.split()
        assert int(total_g) > 0
        assert int(total) > 0
        assert refusal == "quote_not_found"


class TestTheTypeScriptClient:
    """Node strips the types; `make clients` checks them against what the generator makes of the description."""

    def test_works(self, instance: Instance, tmp_path: Path) -> None:
        shutil.copytree(CLIENTS / "typescript", tmp_path, dirs_exist_ok=True)
        environment = os.environ | {"ASHIATO_API": instance.address}
        command = [node(), str(tmp_path / "example.ts")]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout
        found = json.loads(said)
        assert found["total_g"] > 0
        assert found["total"] > 0
        assert found["refusal"] == "quote_not_found"

    def test_tells_genuine_messages_from_others(self, tmp_path: Path) -> None:
        shutil.copytree(CLIENTS / "typescript", tmp_path, dirs_exist_ok=True)
        # the example of the Standard Webhooks specification
        (tmp_path / "check.ts").write_text(
            """
            import { isGenuine } from "./client.ts";
            const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
            const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
            const headers = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330", signature };
            const body = '{"test": 2432232314}';
            const now = 1614265330;
            console.log(JSON.stringify([
              await isGenuine(secret, headers, body, { now }),
              await isGenuine(secret, { ...headers, signature: `v1,AAAA ${signature}` }, body, { now }),
              await isGenuine(secret, headers, body + " ", { now }),
              await isGenuine(secret, headers, body, { now: now + 301 }),
              await isGenuine(secret, { ...headers, signature: signature.replace("v1", "v0") }, body, { now }),
            ]));
            """,
            "utf-8",
        )
        said = subprocess.run([node(), str(tmp_path / "check.ts")], capture_output=True, text=True, check=True).stdout
        assert json.loads(said) == [True, True, False, False, False]


@contextmanager
def a_receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A shop's own server, on this machine."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", free_port()), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()


class TestWebhooks:
    def test_reach_a_receiver_that_checks_them_as_the_reference_says(self, shop: Shop) -> None:
        known: dict[str, Any] = {}
        exec(RECEIVING, known)
        with a_receiver() as (url, got):
            secret = shop.an_endpoint(url)["secret"]
            order = shop.an_order()

            def types() -> list[str]:
                return [json.loads(body)["type"] for _, body in got]

            eventually(lambda: "order.awaiting_payment" in types(), what="the order is told")
            assert types()[:2] == ["order.placed", "order.awaiting_payment"]
            for headers, body in got:
                assert known["is_genuine"](secret, headers, body)
                assert not known["is_genuine"](secret, headers, body + b" ")
                assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
        assert json.loads(got[0][1])["data"]["order"]["id"] == order["id"]
        feed = httpx.get(
            f"{shop.instance.address}/v1/events",
            params={"limit": 100},
            headers={"Authorization": f"Bearer {shop.key}"},
        ).json()["data"]
        assert {json.loads(body)["id"] for _, body in got} <= {event["id"] for event in feed}
