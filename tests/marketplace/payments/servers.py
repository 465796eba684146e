"""A sandbox payment server and a market's webhook address that really listen on this machine, for the tests to talk to."""

import asyncio
import json
import re
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from marketplace.payments.gateway import Checkout, CheckoutLine, CheckoutRequest, PaymentEvent
from marketplace.payments.plan_gateway import PlanCheckout, PlanRequest
from marketplace.payments.sandbox.app import create_payments
from marketplace.payments.sandbox.settings import SandboxPaymentSettings
from marketplace.payments.stripe import StripeGateway

API_KEY = "sk_test_for_tests_only"
WEBHOOK_SECRET = "whsec_for_tests_only"
GOOD_CARD, DECLINED_CARD = "4242 4242 4242 4242", "4000 0000 0000 0002"
SUCCESS_URL = "http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}"
CANCEL_URL = "http://127.0.0.1:9/back"


def a_request(**changed: Any) -> CheckoutRequest:
    """An order of two lines, 1,300 yen in all, payable for an hour."""
    facts: dict[str, Any] = {
        "key": f"ord_{secrets.token_hex(8)}",
        "order_id": "ord_1",
        "currency": "JPY",
        "lines": [CheckoutLine("J-クレジット 1 t", 1200), CheckoutLine("手数料", 100)],
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "locale": "ja",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return CheckoutRequest(**facts | changed)


def a_plan(**changed: Any) -> PlanRequest:
    """A plan of 480 yen a month."""
    facts: dict[str, Any] = {
        "key": f"plan_{secrets.token_hex(8)}",
        "plan_id": "plan_1",
        "currency": "JPY",
        "name": "電気のオフセット 月300 kWh",
        "monthly_amount": 480,
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "locale": "ja",
        "expires_at": datetime.now(UTC) + timedelta(hours=1),
    }
    return PlanRequest(**facts | changed)


@asynccontextmanager
async def listening(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve `app` in this event loop, without the signals and the tenth-of-a-second ticks of a whole program."""
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listener])
    try:
        yield
    finally:
        await server.shutdown([listener])


@contextmanager
def a_free_port() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # or each answer waits 40 ms for the caller's delayed acknowledgement
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def address(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@dataclass
class Receiver:
    """The market's webhook address: keeps what arrives, and answers as `answers` says, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    arrived: list[tuple[bytes, str]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: Request) -> Response:
        self.arrived.append((await request.body(), request.headers["stripe-signature"]))
        self._news.set()
        return Response(status_code=self.answers.pop(0) if self.answers else 200)

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.arrived]

    async def wait_for(self, count: int) -> None:
        """Until `count` webhooks have arrived in all; fails after ten seconds."""
        async with asyncio.timeout(10):
            while len(self.arrived) < count:
                self._news.clear()
                await self._news.wait()

    def events(self, gateway: StripeGateway) -> Sequence[PaymentEvent]:
        return [gateway.read_event(body, signature) for body, signature in self.arrived]


@asynccontextmanager
async def a_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.receive, methods=["POST"])])
    with a_free_port() as listener:
        receiver.url = f"{address(listener)}/hook"
        async with listening(app, listener):
            yield receiver


def plain_http() -> httpx.AsyncClient:
    """A client for this machine only: it reads no certificates, which would take longer than most tests."""
    return httpx.AsyncClient(trust_env=False, verify=False)


@dataclass
class Sandbox:
    """A sandbox that listens at `url`, and the hands of its operator and of a buyer."""

    url: str
    http: httpx.AsyncClient

    def gateway(self, **changed: Any) -> StripeGateway:
        """Without retries by the SDK, which would wait half a second for each; tests that need them ask for them."""
        facts: dict[str, Any] = {
            "api_key": SecretStr(API_KEY),
            "webhook_secrets": [SecretStr(WEBHOOK_SECRET)],
            "api_base": self.url,
            "retries": 0,
        }
        return StripeGateway(**facts | changed)

    async def api(self, method: str, path: str, form: str = "", **headers: str) -> httpx.Response:
        """A plain call of the API, without the SDK's care."""
        content_type = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        return await self.http.request(
            method,
            self.url + path,
            content=form or None,
            headers={"Authorization": f"Bearer {API_KEY}", **content_type, **headers},
        )

    async def control(self, method: str, path: str, order: Any = None) -> Any:
        answer = await self.http.request(
            method, f"{self.url}/sandbox/{path}", json=order, headers={"Authorization": f"Bearer {API_KEY}"}
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def fault(self, kind: str, **more: Any) -> None:
        await self.control("POST", "faults", {"kind": kind, **more})

    async def rule(self, action: str, **more: Any) -> None:
        await self.control("POST", "event-rules", {"action": action, **more})

    async def advance(self, time: timedelta) -> None:
        await self.control("POST", "clock", {"advance_seconds": time.total_seconds()})

    async def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.control("GET", "deliveries"))["deliveries"]
        return found

    async def pay(self, checkout: Checkout | PlanCheckout, card: str = GOOD_CARD, **typed: str) -> httpx.Response:
        """Fill in the form of the payment page and send it."""
        assert checkout.url is not None
        form = {"email": "buyer@example.com", "number": card, "expiry": "12/34", "cvc": "123", **typed}
        return await self.http.post(checkout.url, data=form)

    async def a_payment(self, gateway: StripeGateway, **changed: Any) -> str:
        """An order that is paid by card; returns the provider's id of the money."""
        opened = await gateway.open_checkout(a_request(**changed))
        await self.pay(opened)
        paid = await gateway.checkout(opened.id)
        assert paid.payment is not None
        return paid.payment


@asynccontextmanager
async def a_sandbox(data: Path, *, webhook_url: str | None = None, **changed: Any) -> AsyncIterator[Sandbox]:
    with a_free_port() as listener:
        url = address(listener)
        settings = SandboxPaymentSettings(
            data=data,
            public_url=url,
            api_key=API_KEY,
            webhook_url=webhook_url,
            webhook_secrets=changed.pop("webhook_secrets", (WEBHOOK_SECRET,)),
            **changed,
        )
        async with listening(create_payments(settings), listener), plain_http() as http:
            yield Sandbox(url, http)


class SandboxProcess:
    """The sandbox as `python -m` starts it; can be killed and started again over the same books."""

    def __init__(self, data: Path, webhook_url: str, http: httpx.AsyncClient, events: Sequence[str] = ()) -> None:
        """`events` are the types that the webhook wants; without any, all."""
        self._arguments = ["--data", str(data), "--api-key", API_KEY]
        self._arguments += ["--webhook-url", webhook_url, "--webhook-secret", WEBHOOK_SECRET]
        self._arguments += [part for event in events for part in ("--webhook-event", event)]
        self._http = http
        self._process: asyncio.subprocess.Process | None = None
        self._port = "0"

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Sandbox:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "marketplace.payments.sandbox", "--port", self._port),
            *self._arguments,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        announced = json.loads(await self._process.stdout.readline())
        self._port = str(announced["port"])
        return Sandbox(announced["listening"], self._http)

    async def kill(self) -> None:
        """kill -9, at whatever line it is."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None


def session_id(checkout: Checkout) -> str:
    assert re.fullmatch(r"cs_test_[0-9a-f]{32}", checkout.id)
    return checkout.id
