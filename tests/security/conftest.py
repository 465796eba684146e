import pytest

from tests.e2e.instance import an_instance
from tests.security.stage import Stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    with an_instance(tmp_path_factory.mktemp("attacked")) as running:
        yield Stage(running)
