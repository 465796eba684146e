"""Taking money: a payment intent, its charges, and a dispute about one."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.cards import ERROR_CODES, TEST_CARDS
from marketplace.payments.sandbox.errors import JsonObject, refused

EVIDENCE_DAYS = 7


def retrieve(books: Books, _parameters: object, payment_id: str) -> JsonObject:
    return books.get("payment_intent", payment_id)


def retrieve_charge(books: Books, _parameters: object, charge_id: str) -> JsonObject:
    return books.get("charge", charge_id)


def prepare(books: Books, fields: JsonObject, *, parent: str) -> JsonObject:
    """A payment that waits for its first try; `fields` carry amount, currency, methods, metadata and group."""
    return books.add(
        "payment_intent",
        {
            **fields,
            "status": "requires_payment_method",
            "amount_received": 0,
            "latest_charge": None,
            "last_payment_error": None,
            "next_action": None,
        },
        parent=parent,
    )


def charge_card(books: Books, intent: JsonObject, number: str, *, email: str | None) -> str | None:
    """Charge a test card for an open payment. Returns None, or the decline code; `intent` is changed and saved."""
    card = TEST_CARDS[number]
    details = {"type": "card", "card": {"brand": "visa", "last4": number[-4:]}}
    failure = card.decline and ERROR_CODES.get(card.decline, "card_declined")
    charge = new_charge(books, intent, details, email=email, failure=failure)
    intent["latest_charge"] = charge["id"]
    if card.decline is not None:
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": charge["failure_code"],
            "decline_code": card.decline,
            "charge": charge["id"],
        }
        books.save(intent)
        books.tell("charge.failed", charge)
        books.tell("payment_intent.payment_failed", intent)
        return card.decline
    settle(books, intent, charge)
    if card.disputed:
        dispute(books, charge, amount=charge["amount"], reason="fraudulent")
    return None


def new_charge(
    books: Books, intent: JsonObject, details: JsonObject, *, email: str | None = None, failure: str | None = None
) -> JsonObject:
    """A charge of the whole payment, taken unless it failed with a code; `details` say by which method."""
    return books.add(
        "charge",
        {
            "amount": intent["amount"],
            "amount_captured": 0 if failure else intent["amount"],
            "amount_refunded": 0,
            "billing_details": {"email": email},
            "captured": failure is None,
            "currency": intent["currency"],
            "disputed": False,
            "failure_code": failure,
            "metadata": intent["metadata"],
            "paid": failure is None,
            "payment_intent": intent["id"],
            "payment_method_details": details,
            "refunded": False,
            "status": "failed" if failure else "succeeded",
            "transfer_group": intent["transfer_group"],
        },
        parent=intent["id"],
    )


def settle(books: Books, intent: JsonObject, charge: JsonObject) -> None:
    """The money of `charge` is there."""
    intent.update(
        status="succeeded",
        amount_received=charge["amount"],
        latest_charge=charge["id"],
        last_payment_error=None,
        next_action=None,
    )
    books.save(intent)
    books.tell("charge.succeeded", charge)
    books.tell("payment_intent.succeeded", intent)


def dispute(books: Books, charge: JsonObject, *, amount: int, reason: str) -> JsonObject:
    """The owner of the card objects; the money is taken back at once, until the dispute is closed.

    Raises: ApiError if the charge is already disputed, or amount is more than what is left of it.
    """
    if charge["disputed"]:
        raise refused("The charge is already disputed.", code="charge_disputed")
    if not charge["paid"] or not 0 < amount <= charge["amount"] - charge["amount_refunded"]:
        raise refused("The amount is not left on the charge.", param="amount")
    charge["disputed"] = True
    books.save(charge)
    opened = books.add(
        "dispute",
        {
            "amount": amount,
            "charge": charge["id"],
            "currency": charge["currency"],
            "evidence_details": {"due_by": books.now + EVIDENCE_DAYS * 86_400, "has_evidence": False},
            "is_charge_refundable": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "needs_response",
        },
        parent=charge["id"],
    )
    books.tell("charge.dispute.created", opened)
    books.tell("charge.dispute.funds_withdrawn", opened)
    return opened


def close_dispute(books: Books, dispute_id: str, *, won: bool) -> JsonObject:
    """Raises: ApiError if the dispute is closed already."""
    closed = books.get("dispute", dispute_id)
    if closed["status"] in ("won", "lost"):
        raise refused("The dispute is already closed.", code="dispute_closed")
    closed["status"] = "won" if won else "lost"
    books.save(closed)
    books.tell("charge.dispute.closed", closed)
    if won:
        books.tell("charge.dispute.funds_reinstated", closed)
    return closed


def retrieve_dispute(books: Books, _parameters: object, dispute_id: str) -> JsonObject:
    return books.get("dispute", dispute_id)
