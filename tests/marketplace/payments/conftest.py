"""A fresh sandbox payment server for each test, its webhook receiver, and a gateway to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import Receiver, Sandbox, a_receiver, a_sandbox


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox that sends no webhooks."""
    async with a_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[StripeGateway]:
    opened = sandbox.gateway()
    yield opened
    await opened.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as running:
        yield running
