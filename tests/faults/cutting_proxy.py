"""Stands between program and PostgreSQL, and cuts connections after a commit, before its answer has been passed on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import parse_qs, urlsplit, urlunsplit

_SSL_REQUEST = (80877103).to_bytes(4, "big")
_COMPLETE, _READY = b"C", b"Z"
_WRITES = (b"COMMIT", b"INSERT", b"UPDATE", b"DELETE")
_OUTSIDE_A_TRANSACTION = b"I"


@dataclass
class CuttingProxy:
    """Cuts a `share` of the connections at the moment in which something was committed; `cuts` counts them."""

    url: str
    chance: Random = field(default_factory=lambda: Random(16))
    share: float = 0
    cuts: int = 0

    def cuts_now(self) -> bool:
        if self.chance.random() >= self.share:
            return False
        self.cuts += 1
        return True


@asynccontextmanager
async def a_cutting_proxy(url: str) -> AsyncIterator[CuttingProxy]:
    """Before the server at `url`; the proxy's own url leads through it to the same database."""
    asked = urlsplit(url)
    host = parse_qs(asked.query).get("host", [asked.hostname or "127.0.0.1"])[0]
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        if host.startswith("/"):
            back, forth = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{asked.port or 5432}")
        else:
            back, forth = await asyncio.open_connection(host, asked.port or 5432)
        try:
            await _begin(reader, writer, forth)
            asking = asyncio.create_task(_pass_on(reader, forth))
            await _answer(back, writer, proxy)
            asking.cancel()
        finally:
            forth.close()
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user = asked.username or "postgres"
    proxy = CuttingProxy(urlunsplit(asked._replace(netloc=f"{user}@127.0.0.1:{port}", query="")))
    try:
        yield proxy
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forth: asyncio.StreamWriter) -> None:
    """The first message has no letter; one that asks for TLS is answered here."""
    while True:
        length = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(length, "big") - 4)
        if body != _SSL_REQUEST:
            forth.write(length + body)
            return
        writer.write(b"N")


async def _pass_on(reader: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
    while read := await reader.read(65_536):
        forth.write(read)
        await forth.drain()
    forth.close()


async def _answer(back: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: CuttingProxy) -> None:
    """Returns when either side is gone, or after a cut. What says "done" waits until the server says whether it is for good."""
    held = wrote = b""
    while True:
        try:
            head = await back.readexactly(5)
            body = await back.readexactly(int.from_bytes(head[1:], "big") - 4)
        except asyncio.IncompleteReadError:
            return
        letter, message = head[:1], head + body
        if letter == _COMPLETE and body.startswith(_WRITES):
            held, wrote = held + message, body
        elif letter == _READY:
            if wrote and body == _OUTSIDE_A_TRANSACTION and proxy.cuts_now():
                return
            writer.write(held + message)
            held = wrote = b""
        elif held:
            held += message
        else:
            writer.write(message)
        if writer.is_closing():
            return
