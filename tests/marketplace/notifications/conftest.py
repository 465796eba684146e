from dataclasses import replace

import pytest

from marketplace.accounts.roles import Role
from marketplace.notifications.addresses import WebhookRules
from tests.fakes.receiver import receiving
from tests.signed_in import an_actor


@pytest.fixture
async def receiver():
    async with receiving() as one:
        yield one


@pytest.fixture
async def owner(small):
    """Of an organisation in a sandbox whose receivers may run on the same machine."""
    small.market = replace(small.market, webhooks=WebhookRules(https_only=False, to_loopback=True))
    return await an_actor(small, Role.OWNER)
