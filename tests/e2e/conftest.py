import pytest

from tests.browser import chromium
from tests.e2e.instance import an_instance


@pytest.fixture(scope="session")
def instance(tmp_path_factory):
    with an_instance(tmp_path_factory.mktemp("instance")) as running:
        yield running


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started
