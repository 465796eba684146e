"""Put the invented sandbox supply on the market's books, once, and say what the sandbox registry must hold for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.block_facts import as_published, vintages_json
from marketplace.inventory.models import Block, Holding, Interval, Provider, RegistryAccount
from marketplace.inventory.states import IntervalState
from marketplace.invoices.models import SellerRegistration
from marketplace.listings.models import Listing
from marketplace.projects import sandbox_supply
from marketplace.projects.sandbox_supply import SandboxSupply, load_sandbox_supply
from marketplace.registries.profiles import load_profiles


async def seed(*, now: datetime) -> bool:
    """Returns False if the supply is on the books already; what was sold or cancelled since is never touched."""
    supply = load_sandbox_supply()

    async def work(_: BaseDBAsyncClient) -> bool:
        if await Provider.exists():
            return False
        accounts = await _add_accounts(supply, now)
        for block in supply.blocks.values():
            await _add_block(block)
        for listing in supply.listings.values():
            await _add_listing(listing, accounts, now)
        return True

    return await run_tx(work)


async def _add_accounts(supply: SandboxSupply, now: datetime) -> Mapping[str, str]:
    ids = {}
    for place, provider in enumerate(supply.providers.values(), start=1):
        await Provider.create(
            id=provider.id, name_ja=provider.name_ja, name_en=provider.name_en, invented=provider.invented
        )
        # the last one shows how an invoice looks without
        if place < len(supply.providers):
            number = f"T{place:013d}"
            await SellerRegistration.create(
                provider_id=provider.id, registration_number=number, agreed_on=japan_date(now)
            )
        for registry, number in provider.accounts.items():
            ids[number] = new_id("acc", now)
            await RegistryAccount.create(id=ids[number], registry=registry, number=number, provider_id=provider.id)
    return ids


async def _add_block(block: sandbox_supply.Block) -> None:
    await Block.create(
        id=block.id,
        registry=block.registry,
        project_key=block.project.key,
        methodology=block.methodology,
        credit_kind=block.kind,
        certification_number=block.certification_number,
        serial_prefix=block.serial_prefix,
        serial_width=sandbox_supply.SERIAL_DIGITS,
        first_serial=block.serials.first,
        last_serial=block.serials.last,
        size=len(block.serials),
        vintages=vintages_json(block.vintages),
        mwh=as_published(block.mwh),
        gj=as_published(block.gj),
        scheme_symbol=block.scheme_symbol,
        credit_symbol=block.credit_symbol,
        jcm_side=block.jcm and block.jcm.side,
        jcm_authorised=block.jcm and block.jcm.authorised,
        corresponding_adjustment=block.jcm and block.jcm.corresponding_adjustment,
        invented=block.invented,
    )


async def _add_listing(listing: sandbox_supply.Listing, accounts: Mapping[str, str], now: datetime) -> None:
    holding, _ = await Holding.get_or_create(
        {"id": new_id("hol", now)}, block_id=listing.block.id, account_id=accounts[listing.account]
    )
    await Interval.create(
        id=new_id("int", now),
        block_id=listing.block.id,
        holding_id=holding.id,
        first_serial=listing.serials.first,
        last_serial=listing.serials.last,
        state=IntervalState.AVAILABLE,
    )
    await Listing.create(
        id=listing.id,
        holding_id=holding.id,
        yen_per_tonne=listing.yen_per_tonne,
        minimum_tonnes=listing.minimum_tonnes,
        open=True,
    )


def registry_seed() -> dict[str, Any]:
    """What the sandbox registry must hold, in the seed format of marketplace/registries/sandbox: not what is held by hand."""
    supply = load_sandbox_supply()
    return {
        "accounts": [
            {"id": number, "name": provider.name_en}
            for provider in supply.providers.values()
            if not provider.by_hand
            for number in provider.accounts.values()
        ],
        "blocks": [
            {
                "id": block.certification_number,
                "first": block.serials.first,
                "last": block.serials.last,
                "serial_prefix": block.serial_prefix,
                "title": block.project.key,
                "acts": [act.code for act in load_profiles()[block.registry].acts if act.offered],
            }
            for block in supply.blocks.values()
        ],
        "holdings": [
            {
                "account": listing.account,
                "block": listing.block.certification_number,
                "first": listing.serials.first,
                "last": listing.serials.last,
            }
            for listing in supply.listings.values()
            if not listing.provider.by_hand
        ],
    }


def accounts_by_hand(registry: str) -> list[str]:
    """The invented accounts that are operated at the desk."""
    providers = load_sandbox_supply().providers.values()
    return [
        number
        for provider in providers
        if provider.by_hand
        for code, number in provider.accounts.items()
        if code == registry
    ]
