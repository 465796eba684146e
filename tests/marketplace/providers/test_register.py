import pytest

from marketplace.accounts.actor import CONSOLE
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.projects.kinds import RegistryCode
from marketplace.providers import register
from marketplace.providers.errors import ProviderExists, ProviderNotFound
from marketplace.providers.imports import accounts_of


async def enter(small, provider_id="forest-union", reason="contract"):
    return await register.add_provider(
        CONSOLE, provider_id, name_ja="森", name_en="Forest", invented=True, reason=reason, clock=small.clock
    )


async def account(small, provider_id="forest-union", number="4711"):
    return await register.add_account(
        CONSOLE, provider_id, RegistryCode.JCREDIT, number, reason="account form", clock=small.clock
    )


class TestAProvider:
    async def test_is_entered_with_its_accounts_and_a_reason(self, small):
        await enter(small)
        await account(small)
        assert [one.number for one in await accounts_of("forest-union")] == ["4711"]
        entries = await AuditEntry.all().order_by("position")
        assert [(entry.act, entry.reason) for entry in entries] == [
            ("provider.entered", "contract"),
            ("provider.account_entered", "account form"),
        ]

    async def test_is_entered_once(self, small):
        await enter(small)
        with pytest.raises(ProviderExists):
            await enter(small)

    async def test_needs_a_reason(self, small):
        with pytest.raises(ReasonMissing):
            await enter(small, reason=" ")

    @pytest.mark.parametrize("provider_id", ["", "A", "a b", "../x", "-a", "a" * 64])
    async def test_has_an_id_that_can_stand_in_an_address(self, small, provider_id):
        with pytest.raises(ValueError, match="small letters"):
            await enter(small, provider_id)


class TestAnAccount:
    async def test_belongs_to_one_provider(self, small):
        await enter(small)
        await enter(small, "other-union")
        await account(small)
        with pytest.raises(ProviderExists):
            await account(small, "other-union")

    async def test_needs_its_provider(self, small):
        with pytest.raises(ProviderNotFound):
            await account(small, "nobody")
