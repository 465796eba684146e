"""Starts the sandbox payment server as a process of its own; one JSON line on standard output says when it listens."""

import argparse
import json
import socket
import sys
from pathlib import Path

import uvicorn

from marketplace.payments.sandbox.app import create_payments
from marketplace.payments.sandbox.settings import SandboxPaymentSettings


class AnnouncingServer(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, announcement: dict[str, object]) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            sys.stdout.write(json.dumps(self._announcement) + "\n")
            sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    wish = _parser().parse_args(arguments)
    listener = socket.create_server((wish.host, wish.port))
    # without it every answer on a kept-alive connection waits 40 ms for the caller's delayed acknowledgement
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listener.getsockname()[1]
    public_url = (wish.public_url or f"http://{wish.host}:{port}").rstrip("/")
    try:
        settings = SandboxPaymentSettings(
            data=wish.data,
            public_url=public_url,
            api_key=wish.api_key,
            webhook_url=wish.webhook_url,
            webhook_secrets=tuple(wish.webhook_secret),
            webhook_events=frozenset(wish.webhook_event) or None,
        )
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config = uvicorn.Config(create_payments(settings), log_level="warning", access_log=False, server_header=False)
    AnnouncingServer(config, {"listening": public_url, "port": port}).run(sockets=[listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m marketplace.payments.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes any free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for the sandbox's own books")
    parser.add_argument("--public-url", help="where a browser reaches the payment page, if not at host and port")
    parser.add_argument("--api-key", required=True, help="sk_test_…, which callers must show")
    parser.add_argument("--webhook-url", help="where events are sent; without it none are")
    parser.add_argument("--webhook-secret", action="append", default=[], help="whsec_…; twice while one is replaced")
    parser.add_argument("--webhook-event", action="append", default=[], help="a type to send; without any, all are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
