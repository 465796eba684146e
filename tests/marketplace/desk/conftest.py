"""A market with a desk; after every test the whole SQL file of invariants must find nothing."""

import pytest

from marketplace import invariants
from tests.builders.desk import a_desk_market
from tests.builders.market import SmallMarket


@pytest.fixture
async def desk(db) -> SmallMarket:
    market = a_desk_market()
    yield market
    assert await invariants.violations() == []


@pytest.fixture
async def four_eyes(db) -> SmallMarket:
    market = a_desk_market(four_eyes=True)
    yield market
    assert await invariants.violations() == []
