"""A small market on one of the two databases; what differs between them is tested in tests/marketplace."""

import logging
from collections.abc import Iterator

import pytest
import structlog

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
