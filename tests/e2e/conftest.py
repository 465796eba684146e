import pytest

from tests.browser import chromium
from tests.e2e.instance import an_instance


# for one file: started in a moment, and it rests no longer than it is needed
@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    with an_instance(tmp_path_factory.mktemp("instance")) as running:
        yield running


# for one file only: while a browser is open, its event loop runs in this thread and no other can
@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started
