"""A small market on one of the two databases; what differs between them is tested in tests/marketplace."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.either_database import database_url
from tests.marketplace.conftest import small

__all__ = ["database_url", "small"]


@pytest.fixture(autouse=True)
def only_errors_are_logged() -> Iterator[None]:
    """Thousands of faults would write more than they do."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.configure(**before)
