"""The pages with their stores in memory, over Starlette's test client."""

from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.testclient import TestClient

from tests.builders.market import SmallMarket
from tests.either_database import database_url
from tests.frontend.market_site import MarketSite, market_site
from tests.frontend.preview import PreviewServices, preview_app
from tests.marketplace.conftest import small

__all__ = ["database_url", "small"]


@pytest.fixture
def services() -> PreviewServices:
    return PreviewServices()


@pytest.fixture
def site(services: PreviewServices) -> Iterator[TestClient]:
    """The sandbox site; redirects are not followed, so that a test sees them."""
    with TestClient(preview_app(services), base_url=services.public_origin, follow_redirects=False) as client:
        yield client


@pytest.fixture
def live_site() -> Iterator[TestClient]:
    with TestClient(preview_app(PreviewServices(environment="live")), follow_redirects=False) as client:
        yield client


@pytest.fixture
async def shop(small: SmallMarket) -> AsyncIterator[MarketSite]:
    """The sandbox site on a migrated database, with an empty market."""
    async with market_site(small) as site:
        yield site
