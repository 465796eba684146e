"""A sale: what was owed to the buyer is now earned, by each provider with its tax, and by us with ours."""

from collections.abc import Mapping
from datetime import datetime

from marketplace.ledger import service as ledger
from marketplace.money import consumption_tax, tax_within
from marketplace.payouts import service as payouts


async def book_sale(order_id: str, net_by_provider: Mapping[str, int], *, at: datetime, pooled_yen: int = 0) -> None:
    """Inside the transaction that fulfils the order: give out all that its account still holds, and owe the payouts.

    `net_by_provider` is what each provider's delivered credits cost without tax, in yen. What is left is ours, tax
    included: the fee, the `pooled_yen` for grams out of pools (without tax), and the yen or two by which tax differs when
    another seller delivered than was quoted.
    """
    held = -await ledger.balance(ledger.order_account(order_id))
    gross = {provider: net + consumption_tax(net) for provider, net in net_by_provider.items()}
    postings = {ledger.provider_account(provider): -yen for provider, yen in gross.items()}
    ours = held + sum(postings.values())
    postings[ledger.TAX] = -tax_within(ours)
    postings[ledger.POOL] = -pooled_yen
    postings[ledger.FEE] = -(ours - tax_within(ours) - pooled_yen)
    postings[ledger.order_account(order_id)] = held
    await ledger.book(f"sale:{order_id}", postings, order_id=order_id, at=at)
    await payouts.owe(order_id, gross, at=at)
