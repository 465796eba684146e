"""A sale: what was owed to the buyer is now earned, by each provider with its tax, and by us with ours."""

from collections.abc import Mapping
from datetime import datetime

from marketplace.ledger import service as ledger
from marketplace.money import consumption_tax, tax_within
from marketplace.payouts import service as payouts


def shares(held: int, net_by_provider: Mapping[str, int], *, pooled_yen: int = 0) -> dict[str, int]:
    """What each account earns of `held` yen: they add up to it. Providers get their net price with its tax.

    What is left is ours, tax included: the fee, and the yen or two by which tax differs when another seller delivered
    than was quoted. It is below zero if the sellers together get more than is held. Of it, `pooled_yen` (without tax) pay
    for grams out of pools.
    """
    earned = {
        ledger.provider_account(provider): net + consumption_tax(net) for provider, net in net_by_provider.items()
    }
    ours = held - sum(earned.values())
    fee = ours - tax_within(ours) - pooled_yen
    return {**earned, ledger.TAX: tax_within(ours), ledger.POOL: pooled_yen, ledger.FEE: fee}


async def book_sale(order_id: str, net_by_provider: Mapping[str, int], *, at: datetime, pooled_yen: int) -> None:
    """Inside the transaction that fulfils the order: give out all that its account still holds, and owe the payouts.

    `net_by_provider` is what each provider's delivered credits cost without tax, in yen, `pooled_yen` the grams of pools.
    """
    held = -await ledger.balance(ledger.order_account(order_id))
    earned = shares(held, net_by_provider, pooled_yen=pooled_yen)
    postings = {ledger.order_account(order_id): held, **{account: -yen for account, yen in earned.items()}}
    await ledger.book(f"sale:{order_id}", postings, order_id=order_id, at=at)
    gross = {provider: earned[ledger.provider_account(provider)] for provider in net_by_provider}
    await payouts.owe(order_id, gross, at=at)
