"""A buyer's prepaid balance: credited by money that comes back, spent by the next order, never below zero.

`buyer` is the id of an organisation or a person. The figure is derived: the database keeps it by the ledger's postings.
"""

from datetime import datetime

from marketplace.database import rows
from marketplace.errors import BalanceTooLow
from marketplace.ledger import service as ledger
from marketplace.ledger.models import BuyerBalance


async def balance_of(buyer: str) -> int:
    """What the buyer may spend, in yen."""
    row = await rows.find(BuyerBalance, buyer=buyer)
    return row.yen if row else 0


async def credit(
    buyer: str, yen: int, *, taken_from: str, event: str, at: datetime, order_id: str | None = None
) -> None:
    """Inside the caller's transaction: `yen` that lay in the account `taken_from` are the buyer's to spend.

    `event` is booked once for ever; `yen` is above zero.
    """
    await ledger.book(event, {taken_from: yen, ledger.buyer_balance_account(buyer): -yen}, order_id=order_id, at=at)


async def debit(buyer: str, yen: int, *, given_to: str, event: str, at: datetime, order_id: str | None = None) -> None:
    """Inside the caller's transaction: spend `yen` of the balance into the account `given_to`. Raises BalanceTooLow."""
    available = await lock(buyer)
    if available < yen:
        raise BalanceTooLow(
            f"the balance of {buyer} is {available} yen, not {yen}", buyer=buyer, yen=yen, available_yen=available
        )
    await ledger.book(event, {ledger.buyer_balance_account(buyer): yen, given_to: -yen}, order_id=order_id, at=at)


async def lock(buyer: str) -> int:
    """Inside the caller's transaction: the balance stays as it is until the transaction ends. Returns it, in yen."""
    # SQLite has one writer at a time; on PostgreSQL two payments from one balance queue here
    return sum(row.yen for row in await rows.find_all(BuyerBalance, buyer=buyer, locked=True))
