"""After every test that used a database, the whole SQL file of invariants must find nothing."""

import pytest

from marketplace import invariants
from tests.builders.market import SmallMarket, a_small_market


@pytest.fixture
async def small(db) -> SmallMarket:
    market = a_small_market()
    yield market
    assert await invariants.violations() == []
