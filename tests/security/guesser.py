"""A program that guesses numbers of certificates as steadily as a clock, from an address of its own, and counts the answers.

It runs as a process beside the test, so that the test's own clock measures the service and not the guesser.
"""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from certificates.number import new_number
from certificates.statement import Environment

# every address in 127/8 is this machine's, and the service counts them apart
ADDRESS = "127.0.0.2"
CONNECTIONS = 16
_LENGTH = re.compile(rb"content-length: (\d+)")


async def guess(host: str, port: int, *, per_second: float, seconds: float) -> Counter[int]:
    """How often each status was answered. What the service answers too late is asked late; nothing is asked twice."""
    seen: Counter[int] = Counter()
    began = time.monotonic()

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection(host, port, local_addr=(ADDRESS, 0))
        due = number / per_second
        while due < seconds:
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            path = f"/v1/certificates/{new_number(Environment.SANDBOX)}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length.group(1)) if length else 0)
            seen[int(head.split(b" ", 2)[1])] += 1
            due = max(due + CONNECTIONS / per_second, time.monotonic() - began)
        writer.close()

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    return seen


def main(arguments: Sequence[str]) -> int:
    address, per_second, seconds = urlsplit(arguments[0]), float(arguments[1]), float(arguments[2])
    seen = asyncio.run(guess(address.hostname or "", address.port or 0, per_second=per_second, seconds=seconds))
    sys.stdout.write(json.dumps(seen) + "\n")
    return 0
