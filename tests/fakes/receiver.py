"""A receiver of webhooks: a real HTTP server on this machine that answers as told and keeps what it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers` are given in turn, the last one for ever. An empty one keeps the caller waiting until the receiver closes.

    `endless` goes on sending after the answer; `holds` neither sends more nor closes."""

    port: int = 0
    answers: list[bytes] = field(default_factory=lambda: [OK])
    endless: bool = False
    holds: bool = False
    got: list[Got] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.got]

    async def has_got(self, count: int) -> None:
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= count)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            async with self._arrived:
                self.got.append(Got(first.split()[1], headers, body))
                self._arrived.notify_all()
            given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            writer.write(given)
            await writer.drain()
            while self.endless and not self.closing.is_set():
                writer.write(b"x" * 65_536)
                await writer.drain()
            if self.holds or not given:
                await self.closing.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the caller has had enough, which is what some tests want
        finally:
            writer.close()


@asynccontextmanager
async def receiving(*, tls: SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.close()
        await server.wait_closed()
