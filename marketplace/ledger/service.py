"""Book money. A positive amount is owed to us or in our hands, a negative one is owed by us or earned.

Accounts: `clearing` (at the payment provider), `order:<id>` (owed to the buyer until fulfilled or refunded),
`provider:<id>` (owed to the seller, with its tax), `fee` (earned), `tax` (owed to the tax office on the fee).
"""

from collections.abc import Mapping
from datetime import datetime

from marketplace.ids import new_id
from marketplace.ledger.models import LedgerPosting, LedgerTransaction

CLEARING, FEE, TAX = "clearing", "fee", "tax"


def order_account(order_id: str) -> str:
    return f"order:{order_id}"


def provider_account(provider_id: str) -> str:
    return f"provider:{provider_id}"


async def book(event: str, postings: Mapping[str, int], *, order_id: str, at: datetime) -> None:
    """Inside the caller's transaction. The database refuses a second booking of `event` and a sum other than zero."""
    transaction_id = new_id("ltx", at)
    await LedgerTransaction.create(id=transaction_id, event=event, order_id=order_id, at=at)
    for account, amount in postings.items():
        if amount:
            await LedgerPosting.create(
                id=new_id("lpo", at), transaction_id=transaction_id, account=account, amount_yen=amount
            )


async def balance(account: str) -> int:
    return sum(posting.amount_yen for posting in await LedgerPosting.filter(account=account))
