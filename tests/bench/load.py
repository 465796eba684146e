"""Requests over bare sockets, many at once: the measuring must cost next to nothing."""

import asyncio
import time

HOST = "127.0.0.1"


async def until_it_answers(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return


async def under_load(port: int, path: str, connections: int, each: int) -> list[float]:
    """Milliseconds of every answer, over `connections` that ask `each` times, one after the other."""
    took = await asyncio.gather(*(_one_connection(port, path, each) for _ in range(connections)))
    return [ms for one in took for ms in one]


async def _one_connection(port: int, path: str, times: int) -> list[float]:
    """A connection that asks again as soon as it has its answer."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**20)
    took = []
    for _ in range(times):
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        took.append((time.perf_counter() - began) * 1000)
    writer.close()
    return took
