"""A holding together with what it is of and whose it is."""

from collections.abc import Sequence

from tortoise.exceptions import DoesNotExist

from marketplace.database import rows
from marketplace.database.rows import Joined
from marketplace.inventory.models import Block, Holding, Provider, RegistryAccount


async def whole_holding(holding_id: str) -> Holding:
    """The holding with its block, its account and the account's provider. Raises DoesNotExist."""
    found = await whole_holdings([holding_id])
    if not found:
        raise DoesNotExist(Holding)
    return found[holding_id]


async def whole_holdings(holding_ids: Sequence[str]) -> dict[str, Holding]:
    """As whole_holding, by id; those that do not exist are left out."""
    wanted = sorted(set(holding_ids))
    return {row[0].id: put_together(*row) for row in await rows.find_joined(Holding, *joined_to(0), id=wanted)}


def joined_to(holding: int) -> tuple[Joined, Joined, Joined]:
    """What makes a holding whole, joined to the table at this place, and to be the next three."""
    account = holding + 2
    return (
        Joined(Block, "block_id", of=holding),
        Joined(RegistryAccount, "account_id", of=holding),
        Joined(Provider, "provider_id", of=account),
    )


def put_together(holding: Holding, block: Block, account: RegistryAccount, provider: Provider) -> Holding:
    account.provider = provider
    holding.block, holding.account = block, account
    return holding
