"""A sale: what was owed to the buyer is now earned, by each provider with its tax, and by us with ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.ledger import service as ledger
from marketplace.ledger.service import Booking
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


@dataclass(frozen=True, slots=True)
class Sale:
    """What an order delivered: each provider's credits in yen without tax, and the grams of pools."""

    order_id: str
    net_by_provider: Mapping[str, int]
    pooled_yen: int


async def book_sales(sales: Sequence[Sale], *, at: datetime) -> None:
    """Inside the transaction that fulfils the orders: give out all that their accounts still hold, and owe the payouts."""
    held = await ledger.balances([ledger.order_account(sale.order_id) for sale in sales])
    bookings: list[Booking] = []
    owed: dict[str, Mapping[str, int]] = {}
    for sale in sales:
        account = ledger.order_account(sale.order_id)
        earned = shares(-held[account], sale.net_by_provider, pooled_yen=sale.pooled_yen)
        postings = {account: -held[account], **{earner: -yen for earner, yen in earned.items()}}
        bookings.append(Booking(f"sale:{sale.order_id}", postings, sale.order_id))
        owed[sale.order_id] = {provider: earned[ledger.provider_account(provider)] for provider in sale.net_by_provider}
    await ledger.book_all(bookings, at=at)
    await payouts.owe(owed, at=at)
