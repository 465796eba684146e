"""For tests of pages and of the API, which do not know what database lies below: each keeps to one of the two kinds, by its name.

What depends on the database is tested in tests/marketplace on both.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.conftest import a_database


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A migrated database, of this test alone; removed afterwards. A test may name its kind as the fixture's parameter."""
    kind = getattr(request, "param", None) or ("sqlite", "postgres")[crc32(request.node.name.encode()) % 2]
    async with a_database(kind, request, tmp_path) as url:
        yield url
