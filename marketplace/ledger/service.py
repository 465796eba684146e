"""Book money. A positive amount is owed to us or in our hands, a negative one is owed by us or earned.

Accounts: `clearing` (at the payment provider), `order:<id>` (owed to the buyer until fulfilled or refunded),
`refund:<id>` (owed to the buyer until the provider has given it back), `dispute:<id>` (taken from us until decided),
`provider:<id>` (owed to the seller, with its tax), `buyer_balance:<id>` (prepaid), `set_aside:<id>` (of an organiser's
balance, for an attendee who is about to pay), `fee` (earned), `tax` (owed to the tax office on the fee), `loss` (borne by us), `pool` (spent on pool tonnes, less the net price of the grams sold).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.database import rows
from marketplace.ids import new_id
from marketplace.ledger.models import LedgerPosting, LedgerTransaction

CLEARING, FEE, TAX, LOSS, POOL = "clearing", "fee", "tax", "loss", "pool"


def order_account(order_id: str) -> str:
    return f"order:{order_id}"


def provider_account(provider_id: str) -> str:
    return f"provider:{provider_id}"


def refund_account(refund_id: str) -> str:
    return f"refund:{refund_id}"


def dispute_account(dispute_id: str) -> str:
    return f"dispute:{dispute_id}"


def buyer_balance_account(buyer: str) -> str:
    return f"buyer_balance:{buyer}"


async def book(event: str, postings: Mapping[str, int], *, order_id: str | None, at: datetime) -> None:
    """Inside the caller's transaction. The database refuses a second booking of `event` and a sum other than zero."""
    await book_all([Booking(event, postings, order_id)], at=at)


@dataclass(frozen=True, slots=True)
class Booking:
    """What `book` takes, for many at once."""

    event: str
    postings: Mapping[str, int]
    order_id: str | None


async def book_all(bookings: Sequence[Booking], *, at: datetime) -> None:
    """As book, in as few statements as the database takes; all of them or none."""
    transactions = [
        LedgerTransaction(id=new_id("ltx", at), event=one.event, order_id=one.order_id, at=at) for one in bookings
    ]
    await rows.insert(*transactions)
    await rows.insert(
        *(
            LedgerPosting(id=new_id("lpo", at), transaction_id=transaction.id, account=account, amount_yen=amount)
            for transaction, one in zip(transactions, bookings, strict=True)
            for account, amount in one.postings.items()
            if amount
        )
    )


async def balances(accounts: Sequence[str]) -> dict[str, int]:
    """As balance, of many at once; an account without postings holds nothing."""
    held = dict.fromkeys(accounts, 0)
    for posting in await rows.find_all(LedgerPosting, account=list(accounts)):
        held[posting.account] += posting.amount_yen
    return held


async def balance(account: str) -> int:
    return sum(posting.amount_yen for posting in await rows.find_all(LedgerPosting, account=account))


async def earned_with(order_id: str) -> dict[str, int]:
    """What the order's sale gave to each account, in yen above zero; empty if it is not sold."""
    sale = await LedgerTransaction.get_or_none(event=f"sale:{order_id}")
    if sale is None:
        return {}
    postings = await LedgerPosting.filter(transaction_id=sale.id, amount_yen__lt=0).order_by("id")
    return {posting.account: -posting.amount_yen for posting in postings}


async def left_of_sale(order_id: str) -> dict[str, int]:
    """What the order's sale gave to each account, less what the same accounts have promised back since; none below zero."""
    left = await earned_with(order_id)
    promised = await LedgerTransaction.filter(order_id=order_id, event__startswith="refund_promised:")
    for posting in await LedgerPosting.filter(transaction_id__in=[one.id for one in promised], account__in=list(left)):
        left[posting.account] -= posting.amount_yen
    return left
