"""Giving money back: never more than was taken, and not while the taking itself is disputed."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, refused
from marketplace.payments.sandbox.listing import listed
from marketplace.payments.sandbox.parameters import RefundCreate, RefundList


def create(books: Books, parameters: RefundCreate, _id: str) -> JsonObject:
    intent = books.get("payment_intent", parameters.payment_intent, param="payment_intent")
    if intent["status"] != "succeeded":
        raise refused(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    charge = books.get("charge", intent["latest_charge"])
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise refused(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    amount = left if parameters.amount is None else parameters.amount
    if amount > left:
        raise refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    books.save(charge)
    by_card = charge["payment_method_details"]["type"] == "card"
    refund = books.add(
        "refund",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "metadata": parameters.metadata,
            "payment_intent": intent["id"],
            "reason": parameters.reason,
            # what did not come by card goes to a bank account that the buyer is asked for first
            "status": "succeeded" if by_card else "requires_action",
        },
        parent=intent["id"],
    )
    books.tell("refund.created", refund)
    books.tell("charge.refunded", charge)
    return refund


def retrieve(books: Books, _parameters: object, refund_id: str) -> JsonObject:
    return books.get("refund", refund_id)


def list_all(books: Books, parameters: RefundList, _id: str) -> JsonObject:
    return listed(
        "/v1/refunds",
        books.page(
            "refund",
            parent=parameters.payment_intent,
            limit=parameters.limit,
            starting_after=parameters.starting_after,
        ),
    )


def succeed(books: Books, refund_id: str) -> JsonObject:
    """The buyer named an account, and the money is there. Raises: ApiError if that is not awaited."""
    refund = books.get("refund", refund_id)
    if refund["status"] != "requires_action":
        raise refused("This refund awaits nothing.", code="refund_not_awaiting")
    refund["status"] = "succeeded"
    books.save(refund)
    books.tell("refund.updated", refund)
    return refund


def fail(books: Books, refund_id: str) -> JsonObject:
    """The bank sends the money back, even after it was called a success, or the buyer names no account.

    Raises: ApiError if it has failed already.
    """
    refund = books.get("refund", refund_id)
    if refund["status"] == "failed":
        raise refused("This refund has failed already.", code="refund_failed")
    refund["status"] = "failed"
    refund["failure_reason"] = "lost_or_stolen_card"
    books.save(refund)
    charge = books.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    books.save(charge)
    books.tell("refund.updated", refund)
    books.tell("refund.failed", refund)
    return refund
