"""A product with cover, to sell from."""

import pytest

from tests.builders.market import a_listing
from tests.builders.products import a_maker, a_period, a_product


@pytest.fixture
async def maker(small):
    return await a_maker(small)


@pytest.fixture
async def product(small, maker):
    return await a_product(small, maker)


@pytest.fixture
async def period(small, maker, product):
    return await a_period(small, maker, product)


@pytest.fixture
async def listing(small):
    return await a_listing(small)
