"""Passing money on: parts of a charge go to accounts, never more in all than the charge brought in."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, refused
from marketplace.payments.sandbox.listing import listed
from marketplace.payments.sandbox.parameters import Page, ReversalCreate, TransferCreate, TransferList


def create(books: Books, parameters: TransferCreate, _id: str) -> JsonObject:
    account = books.get("account", parameters.destination, param="destination")
    if account["capabilities"]["transfers"] != "active":
        raise refused(
            "Your destination account needs to have the transfers capability enabled.",
            code="insufficient_capabilities_for_transfer",
        )
    if parameters.source_transaction is None:
        # out of the platform's own balance, of which this sandbox keeps no account
        return _sent(books, parameters, account, source=None, group=parameters.transfer_group)
    charge = books.get("charge", parameters.source_transaction, param="source_transaction")
    if not charge["paid"]:
        raise refused("The charge was not paid.", param="source_transaction")
    group = charge["transfer_group"]
    if parameters.transfer_group is not None and group is not None and parameters.transfer_group != group:
        raise refused("The transfer group of a charge and of its transfers must be the same.", param="transfer_group")
    sent = sum(transfer["amount"] - transfer["amount_reversed"] for transfer in _from(books, charge))
    if parameters.amount > charge["amount"] - sent:
        raise refused(
            f"Transfers using this transaction as a source must not exceed the source amount of {charge['amount']}. "
            f"(There is already a total of {sent} transferred.)",
            param="amount",
        )
    return _sent(books, parameters, account, source=charge["id"], group=parameters.transfer_group or group)


def _sent(
    books: Books, parameters: TransferCreate, account: JsonObject, *, source: str | None, group: str | None
) -> JsonObject:
    transfer = books.add(
        "transfer",
        {
            "amount": parameters.amount,
            "amount_reversed": 0,
            "currency": parameters.currency,
            "destination": account["id"],
            "metadata": parameters.metadata,
            "reversed": False,
            "source_transaction": source,
            "transfer_group": group,
        },
        parent=group,
    )
    books.tell("transfer.created", transfer)
    return transfer


def _from(books: Books, charge: JsonObject) -> list[JsonObject]:
    rows = books.connection.execute(
        "SELECT id FROM object WHERE kind = 'transfer' AND json_extract(body, '$.source_transaction') = ?",
        [charge["id"]],
    ).fetchall()
    return [books.get("transfer", row["id"]) for row in rows]


def retrieve(books: Books, _parameters: object, transfer_id: str) -> JsonObject:
    return books.get("transfer", transfer_id)


def list_all(books: Books, parameters: TransferList, _id: str) -> JsonObject:
    page = books.page(
        "transfer",
        parent=parameters.transfer_group,
        limit=parameters.limit,
        starting_after=parameters.starting_after,
    )
    return listed("/v1/transfers", page)


def reverse(books: Books, parameters: ReversalCreate, transfer_id: str) -> JsonObject:
    transfer = books.get("transfer", transfer_id)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = left if parameters.amount is None else parameters.amount
    if amount > left or left == 0:
        raise refused(f"Amount of reversal ({amount}) is greater than the unreversed amount ({left})", param="amount")
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    books.save(transfer)
    reversal = books.add(
        "transfer_reversal",
        {
            "amount": amount,
            "currency": transfer["currency"],
            "metadata": parameters.metadata,
            "transfer": transfer_id,
        },
        parent=transfer_id,
    )
    books.tell("transfer.reversed", transfer)
    return reversal


def list_reversals(books: Books, parameters: Page, transfer_id: str) -> JsonObject:
    transfer = books.get("transfer", transfer_id)
    page = books.page(
        "transfer_reversal", parent=transfer["id"], limit=parameters.limit, starting_after=parameters.starting_after
    )
    return listed(f"/v1/transfers/{transfer_id}/reversals", page)
