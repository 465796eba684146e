"""`python -m marketplace.registries.sandbox --port N --data DIR`: the sandbox registry as a process of its own.

Prints one JSON line when it listens: {"listening": address, "credentials": file, "pid": number}. Port 0 takes a free one.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import uvicorn

from marketplace.registries.sandbox import books
from marketplace.registries.sandbox.app import create_registry
from marketplace.registries.sandbox.books import Seed
from marketplace.registries.sandbox.database import Database
from marketplace.registries.sandbox.settings import CREDENTIALS_FILE, DATABASE_FILE, Credentials


class _Announced(uvicorn.Server):
    """Says where it listens only once it does."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._line + "\n")
        sys.stdout.flush()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m marketplace.registries.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="folder of the books and the credentials")
    parser.add_argument("--seed", type=Path, help="JSON file of accounts, blocks and holdings to load first")
    parser.add_argument(
        "--forget-references", action="store_true", help="take a repeated reference as a new application"
    )
    chosen = parser.parse_args(arguments)

    credentials = Credentials.kept_in(chosen.data)
    if chosen.seed:
        _load(chosen.seed, chosen.data)
    listener = socket.create_server((chosen.host, chosen.port))
    # asyncio sets this on sockets it opens itself, not on one handed to it: without it every answer waits 40 ms
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    announcement = {
        "listening": f"http://{host}:{port}",
        "credentials": str(chosen.data / CREDENTIALS_FILE),
        "pid": os.getpid(),
    }
    app = create_registry(credentials.settings(chosen.data, unique_references=not chosen.forget_references))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    asyncio.run(_Announced(config, json.dumps(announcement)).serve(sockets=[listener]))


def _load(seed: Path, data: Path) -> None:
    database = Database(data / DATABASE_FILE)
    try:
        with database.transaction() as db:
            books.load_seed(db, Seed.model_validate_json(seed.read_bytes()))
    finally:
        database.close()


if __name__ == "__main__":
    main()
