"""A shop of somebody else, on an origin of its own, with a content policy as strict as they come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class SampleShop:
    """`pages` by path; each is sent with the policy that admits the badge service, or with its own."""

    address: str
    badges_from: str
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)

    def sells(self, path: str, body: str, *, policy: str | None = None) -> str:
        """Put a page on; returns its address."""
        html = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>shop</title><main>{body}</main></html>'
        self.pages[path] = html, self.strict if policy is None else policy
        return self.address + path

    @property
    def strict(self) -> str:
        """No inline script, no inline style, no HTML from strings, nothing from anywhere but the badge service."""
        origin = self.badges_from
        return (
            f"default-src 'none'; script-src {origin}; img-src {origin}; connect-src {origin}; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )


@contextmanager
def a_shop(badges_from: str) -> Iterator[SampleShop]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html, policy = shop.pages.get(self.path, ("", "default-src 'none'"))
            body = html.encode()
            self.send_response(200 if html else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Nothing to log in a test."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        shop = SampleShop(f"http://127.0.0.1:{server.server_port}", badges_from)
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield shop
        finally:
            server.shutdown()
