"""The ORM on a database of a test. What it works out about the models differs by dialect only, so it is worked out once for each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.models import Model

from marketplace.database.connect import tortoise_config

# of a model's _meta: what depends on the dialect
OF_DIALECT = (
    "filters",
    "db_default_fields",
    "db_complex_fields",
    "db_native_fields",
    "basetable",
    "basequery",
    "basequery_all_fields",
)


@dataclass(frozen=True)
class _Dialect:
    """`statements` are the ORM's own cache, which knows names of connections but no dialects."""

    models: dict[type[Model], dict[str, Any]]
    statements: dict[Any, Any] = field(default_factory=dict)


_known: dict[str, _Dialect] = {}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[None]:
    """Tortoise is connected to the migrated database at `url`, for every task there is."""
    scheme = url.partition(":")[0]
    await Tortoise.init(config=tortoise_config(url), init_connections=False, _enable_global_fallback=True)
    dialect = _known[scheme] if scheme in _known else _known.setdefault(scheme, _worked_out())
    for model, found in dialect.models.items():
        for name, value in found.items():
            # a copy: whoever initialises Tortoise anew writes into what it finds
            setattr(model._meta, name, value.copy() if isinstance(value, dict | list) else value)
    EXECUTOR_CACHE.clear()
    EXECUTOR_CACHE.update(dialect.statements)
    try:
        yield
    finally:
        dialect.statements.update(EXECUTOR_CACHE)
        EXECUTOR_CACHE.clear()
        await Tortoise.close_connections()


def _worked_out() -> _Dialect:
    """What a full initialisation does after the connections are there."""
    Tortoise._build_initial_querysets()
    models = [model for app in (Tortoise.apps or {}).values() for model in app.values()]
    return _Dialect({model: {name: copy(getattr(model._meta, name)) for name in OF_DIALECT} for model in models})
