"""Entering providers and their registry accounts; an operator's act at the console."""

import re

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.models import Provider, RegistryAccount
from marketplace.projects.kinds import RegistryCode
from marketplace.providers.errors import ProviderExists, ProviderNotFound

ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")


async def add_provider(
    actor: Actor, provider_id: str, *, name_ja: str, name_en: str, invented: bool, reason: str, clock: Clock
) -> Provider:
    """`provider_id` stands in the address of its public page. Raises ProviderExists, ReasonMissing; ValueError for a malformed id."""
    why = audit.stated(reason)
    if not ID.fullmatch(provider_id):
        raise ValueError(f"{provider_id!r}: small letters, digits and hyphens, 2 to 63 of them")

    async def work(tx: BaseDBAsyncClient) -> Provider:
        if await Provider.exists(id=provider_id):
            raise ProviderExists(f"there is a provider {provider_id}", what=provider_id)
        provider = await Provider.create(id=provider_id, name_ja=name_ja, name_en=name_en, invented=invented)
        await audit.record(tx, actor, "provider.entered", provider_id, why, {}, at=clock())
        return provider

    return await run_tx(work)


async def add_account(
    actor: Actor, provider_id: str, registry: RegistryCode, number: str, *, reason: str, clock: Clock
) -> RegistryAccount:
    """Raises ProviderNotFound, ProviderExists, ReasonMissing."""
    why = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> RegistryAccount:
        if not await Provider.exists(id=provider_id):
            raise ProviderNotFound(f"no provider {provider_id}", provider_id=provider_id)
        if await RegistryAccount.exists(registry=registry, number=number):
            raise ProviderExists(f"account {number} in {registry} is entered already", what=number)
        account = await RegistryAccount.create(
            id=new_id("acc", clock()), registry=registry, number=number, provider_id=provider_id
        )
        await audit.record(
            tx,
            actor,
            "provider.account_entered",
            provider_id,
            why,
            {"registry": registry, "number": number},
            at=clock(),
        )
        return account

    return await run_tx(work)
