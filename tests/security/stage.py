"""A running instance with somebody who has something to lose, somebody who wants it, and an operator."""

import os
import re
import socket
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx
from lxml import html

from frontend.worked_example import example_inputs
from tests.e2e.instance import Instance, eventually
from tests.e2e.signed_in import SignedInVisitor, sign_in_at

# in every text that people type and others read
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://evil.example";"x")'
WAIT_SECONDS = 3.0
SILENCE_SECONDS = 0.3


@dataclass
class Member:
    """Somebody signed in by a link from the mailbox page, owner of an organisation of its own."""

    email: str
    client: httpx.Client

    @property
    def forms_token(self) -> str:
        return html.fromstring(self.client.get("/ja/account").content).xpath("//input[@name='forms_token']/@value")[0]

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.client.post(path, data={"forms_token": self.forms_token, **fields})

    def key(self, *scopes: str) -> str:
        """A new API key with these scopes."""
        chosen = {f"scope/{scope}": "yes" for scope in scopes}
        answer = self.post("/ja/account/keys", action="create", name="program", lifetime="90", **chosen)
        return re.search(r"ashiato_test_[\w-]{43}", answer.text).group(0)


@dataclass
class Stage:
    instance: Instance
    _rows: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.instance.address

    def guest(self, **more: Any) -> httpx.Client:
        """A browser nobody has used yet."""
        return httpx.Client(base_url=self.address, timeout=60, **more)

    def ask_for_link(self, client: httpx.Client, email: str, **headers: str) -> str:
        """Ask for a link to sign in and read it in the mailbox."""
        before = self._links_to(email)
        assert client.post("/ja/sign-in", data={"email": email}, headers=headers).status_code == 200
        return eventually(
            lambda: (self._links_to(email) - before) and (self._links_to(email) - before).pop(), what="mail"
        )

    def _links_to(self, email: str) -> set[str]:
        box = html.fromstring(self.instance.client.get("/ja/mailbox", params={"to": email}).content)
        letters = [self.instance.client.get(link).text for link in box.xpath("//main//table//a/@href")]
        return {found for letter in letters for found in re.findall(r"https?://[^\s<\"]+/ja/sign-in/[\w-]+", letter)}

    def sign_in(self, email: str) -> Member:
        client = self.guest()
        link = self.ask_for_link(client, email)
        assert client.post(urlsplit(link).path).status_code == 303
        return Member(email, client)

    @cached_property
    def victim(self) -> Member:
        member = self.sign_in("victim@ashiato.example")
        member.post("/ja/account", action="name", name=HOSTILE)
        member.post("/ja/account", action="name_organisation", name=HOSTILE)
        return member

    @cached_property
    def attacker(self) -> Member:
        return self.sign_in("attacker@ashiato.example")

    @cached_property
    def operator(self) -> SignedInVisitor:
        return sign_in_at(self.instance, "operator", email="operator@ashiato.example")

    @cached_property
    def victims_key(self) -> str:
        return self.victim.key("orders:read", "orders:write", "products:read", "products:write", "webhooks:write")

    @cached_property
    def attackers_key(self) -> str:
        return self.attacker.key("orders:read", "orders:write", "products:read", "products:write", "webhooks:write")

    def bearer(self, key: str) -> httpx.Client:
        return self.guest(headers={"Authorization": f"Bearer {key}"})

    @cached_property
    def footprint(self) -> str:
        """The id of a footprint whose name is hostile."""
        return self.keep_footprint(HOSTILE)

    def keep_footprint(self, subject: str) -> str:
        inputs = dict(example_inputs())
        outside = {
            name: inputs.pop(name) for name in ("type", "subject", "period", "left_out", "rounding") if name in inputs
        }
        outside["subject"] = {**outside["subject"], "name": subject}
        return self.instance.post("/v1/footprints", {**outside, "inputs": inputs})["id"]

    def order_body(self, **instruction: Any) -> dict[str, Any]:
        listings = self.instance.client.get("/v1/listings", params={"limit": 100}).json()["data"]
        listing = next(one for one in listings if one["free_g"] >= 1_000_000 >= one["minimum_g"])
        quote = self.instance.post("/v1/quotes", {"listings": [{"listing_id": listing["id"], "amount_g": 1_000_000}]})
        return {
            "quote_id": quote["id"],
            "consent_version": self.instance.client.get("/v1/consent").json()["version"],
            "instruction": {
                "type": "event",
                "subject": HOSTILE,
                "period_first": "2026-11-01",
                "period_last": "2026-11-02",
                "beneficiary": FORMULA,
                "beneficiary_public": True,
                "purpose_detail": HOSTILE,
                "credit_user": HOSTILE,
                "reduction_effort": HOSTILE,
                **instruction,
            },
        }

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        """As a program does."""
        sent = {
            "Idempotency-Key": os.urandom(16).hex(),
            **({"Authorization": f"Bearer {key}"} if key else {}),
            **headers,
        }
        return self.instance.client.post(path, json=body, headers=sent)

    @cached_property
    def order(self) -> dict[str, Any]:
        """The victim's order with hostile texts, paid, cancelled and certified."""
        answer = self.post("/v1/orders", self.order_body(), key=self.victims_key)
        assert answer.status_code == 201, answer.text
        order = answer.json()
        self.instance.pay(order)
        done = eventually(
            lambda: (seen := self.instance.see(order))["state"] == "fulfilled" and seen, what="the order is fulfilled"
        )
        return order | done

    @cached_property
    def number(self) -> str:
        return self.order["certificate"]["number"]

    @cached_property
    def credential(self) -> str:
        return self.instance.client.get(f"/v1/certificates/{self.number}.jwt").text

    def row(self, query: str, *values: Any) -> tuple[Any, ...]:
        """One row of the database: what somebody who stole a copy of it would know."""
        with closing(sqlite3.connect(f"file:{self.instance.data / 'ashiato.sqlite3'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchone()

    def let_expire(self, key: str) -> None:
        """As if the key's time were over: it ended when it was made."""
        with closing(sqlite3.connect(self.instance.data / "ashiato.sqlite3", timeout=WAIT_SECONDS)) as database:
            ended = database.execute(
                "UPDATE api_key SET expires_at = created_at WHERE substr(?, 1, length(shown_part)) = shown_part", [key]
            )
            assert ended.rowcount == 1
            database.commit()

    def raw(self, sent: bytes) -> bytes:
        """Bytes to the web process and whatever it answers until it closes, or falls silent."""
        url = urlsplit(self.address)
        with closing(socket.create_connection((url.hostname, url.port), timeout=WAIT_SECONDS)) as connection:
            connection.sendall(sent)
            answer = b""
            try:
                while part := connection.recv(65_536):
                    answer += part
                    connection.settimeout(SILENCE_SECONDS)
            except (TimeoutError, ConnectionResetError):
                pass
            return answer
