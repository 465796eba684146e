"""A holding together with what it is of and whose it is."""

from marketplace.database import rows
from marketplace.inventory.models import Block, Holding, Provider, RegistryAccount


async def whole_holding(holding_id: str) -> Holding:
    """The holding with its block, its account and the account's provider. Raises DoesNotExist."""
    holding = await rows.get(Holding, id=holding_id)
    holding.block = await rows.get(Block, id=holding.block_id)
    holding.account = await rows.get(RegistryAccount, id=holding.account_id)
    holding.account.provider = await rows.get(Provider, id=holding.account.provider_id)
    return holding
