"""A client of the API, with and without a database behind it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.logs import configure_logs
from marketplace import invariants
from tests.api.application import a_client, an_application, without_limits
from tests.builders.market import SmallMarket, a_small_market
from tests.either_database import database_url

__all__ = ["database_url"]


@pytest.fixture
async def small(db) -> AsyncIterator[SmallMarket]:
    yield a_small_market()
    assert await invariants.violations() == []


@pytest.fixture
async def client(small: SmallMarket) -> AsyncIterator[httpx.AsyncClient]:
    async with a_client(an_application(small, rate_limit_factor=1_000)) as opened:
        yield opened


@pytest.fixture
async def offline() -> AsyncIterator[httpx.AsyncClient]:
    """For requests that are refused before anything looks at a database."""
    async with a_client(an_application(a_small_market(), around=without_limits())) as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """As the web process writes them: an unforeseen error in one line, not in a drawing of all its frames."""
    configure_logs()
