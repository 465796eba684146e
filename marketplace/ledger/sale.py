"""A sale: what was owed to the buyer is now earned, by each provider with its tax, and by us with ours."""

from collections.abc import Mapping
from datetime import datetime

from marketplace.ledger import service as ledger
from marketplace.money import consumption_tax, tax_within


async def book_sale(order_id: str, net_by_provider: Mapping[str, int], *, at: datetime) -> None:
    """Inside the transaction that fulfils the order: give out all that its account still holds.

    `net_by_provider` is what each provider's delivered credits cost without tax, in yen. What is left is ours, tax
    included: the fee, and the yen or two by which tax differs when another seller delivered than was quoted.
    """
    held = -await ledger.balance(ledger.order_account(order_id))
    postings = {
        ledger.provider_account(provider): -(net + consumption_tax(net)) for provider, net in net_by_provider.items()
    }
    ours = held + sum(postings.values())
    postings[ledger.TAX] = -tax_within(ours)
    postings[ledger.FEE] = -(ours - tax_within(ours))
    postings[ledger.order_account(order_id)] = held
    await ledger.book(f"sale:{order_id}", postings, order_id=order_id, at=at)
