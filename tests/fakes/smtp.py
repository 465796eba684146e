"""A mail server on a free port that takes mails, or answers as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class FakeMailServer:
    """`answers` replaces the answer to a command, for instance {"RCPT": "550 no such user"}."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 fake ESMTP")
        while line := await reader.readline():
            command = line.decode().split(maxsplit=1)[0].upper().removesuffix(":")
            if command in self.answers:
                say(self.answers[command])
            elif command == "DATA":
                say("354 go on")
                body = (await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
                self.taken.append(message_from_bytes(body, policy=default))
                say("250 taken")
            elif command == "QUIT":
                say("221 bye")
                break
            else:
                say("250 fine")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def a_mail_server(**answers: str) -> AsyncIterator[FakeMailServer]:
    fake = FakeMailServer(answers)
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    async with server:
        yield fake
