"""A small market on one of the two databases; what differs between them is tested in tests/marketplace."""

from tests.either_database import database_url
from tests.marketplace.conftest import small

__all__ = ["database_url", "small"]
