"""The sandbox registry as a web application, over the books in one folder."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from joserfc.jwk import ECKey
from starlette.applications import Starlette

from marketplace.registries.sandbox.database import Database
from marketplace.registries.sandbox.endpoints import Registry
from marketplace.registries.sandbox.routes import routes
from marketplace.registries.sandbox.settings import DATABASE_FILE, KEY_FILE, SandboxRegistrySettings, write_once

MAX_BODY = 8_000_000  # a seed of some ten thousand holdings; an application is far below


def create_registry(settings: SandboxRegistrySettings) -> Starlette:
    """The registry over the books in `settings.data`; the folder is made on the first start."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        settings.data.mkdir(parents=True, exist_ok=True)
        database = Database(settings.data / DATABASE_FILE)
        app.state.registry = Registry(settings, database, _signing_key(settings.data / KEY_FILE))
        try:
            yield
        finally:
            database.close()

    return Starlette(routes=routes(), lifespan=lifespan, max_body_size=MAX_BODY)


def _signing_key(path: Path) -> ECKey:
    fresh = ECKey.generate_key("P-256", auto_kid=True)
    write_once(path, json.dumps(fresh.as_dict(private=True)).encode())
    return ECKey.import_key(json.loads(path.read_bytes()))
