import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from marketplace.registries.http import HttpRegistry
from tests.marketplace.registries.servers import SEED, RegistryProcess, RunningRegistry, registry_in_a_thread


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    with registry_in_a_thread(tmp_path / "registry") as running:
        yield running


@pytest.fixture(scope="module")
def steady_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """One registry for a whole file, for tests that leave nothing behind which another could trip over."""
    with registry_in_a_thread(tmp_path_factory.mktemp("steady")) as running:
        yield running


@pytest.fixture
def forgetful_registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    """A registry that does not know one reference from another."""
    with registry_in_a_thread(tmp_path / "forgetful", unique_references=False) as running:
        yield running


@pytest.fixture
async def gateway(registry: RunningRegistry) -> AsyncIterator[HttpRegistry]:
    async with registry.gateway() as gateway:
        yield gateway


@pytest.fixture
def registry_process(tmp_path: Path) -> Iterator[RegistryProcess]:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps(SEED))
    process = RegistryProcess(tmp_path / "process", seed)
    yield process
    process.kill()
