"""Invoices of a plan: one a month, charged to the customer's card, tried again on some days if the card fails."""

import json

from marketplace.payments.sandbox import payments
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.cards import BY_LAST_DIGITS
from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.listing import bounds, listed
from marketplace.payments.sandbox.parameters import InvoiceList

DAY = 86_400

# after each failure the days until the next try; after the last of them the plan ends
RETRY_AFTER_DAYS = (3, 5, 7)


def open_for_month(
    books: Books, subscription: JsonObject, *, start: int, end: int, reason: str, status: str = "open"
) -> JsonObject:
    """The invoice of the month from `start` to `end` at the plan's present price."""
    item = subscription["items"]["data"][0]
    amount = item["price"]["unit_amount"]
    invoice = books.add(
        "invoice",
        {
            "amount_due": amount,
            "amount_paid": 0,
            "amount_remaining": amount,
            "attempt_count": 0,
            "attempted": False,
            "billing_reason": reason,
            "collection_method": "charge_automatically",
            # an invoice is made when its month begins, however late the sandbox gets to it
            "created": start,
            "currency": item["price"]["currency"],
            "customer": subscription["customer"],
            "lines": {
                "object": "list",
                "data": [
                    {
                        "id": books.new_id("line_item"),
                        "object": "line_item",
                        "amount": amount,
                        "currency": item["price"]["currency"],
                        "period": {"start": start, "end": end},
                        "quantity": 1,
                    }
                ],
                "has_more": False,
            },
            "metadata": {},
            "next_payment_attempt": None,
            "parent": {
                "type": "subscription_details",
                "subscription_details": {"subscription": subscription["id"], "metadata": subscription["metadata"]},
            },
            "payments": {"object": "list", "data": [], "has_more": False},
            "period_start": subscription["created"] if reason == "subscription_create" else start,
            "period_end": start,
            "status": status,
            "subtotal": amount,
            "total": amount,
        },
        parent=subscription["id"],
    )
    books.tell("invoice.created", invoice)
    books.tell("invoice.voided" if status == "void" else "invoice.finalized", invoice)
    return invoice


def retrieve(books: Books, _parameters: object, invoice_id: str) -> JsonObject:
    return books.get("invoice", invoice_id)


def list_all(books: Books, parameters: InvoiceList, _id: str) -> JsonObject:
    """Newest first, as far as they were made in the asked time and stand as asked."""
    since, until = bounds(parameters.created)
    rows = books.connection.execute(
        "SELECT body FROM object WHERE kind = 'invoice' AND json_extract(body, '$.created') BETWEEN :since AND :until "
        "AND (:status IS NULL OR json_extract(body, '$.status') = :status) AND (:parent IS NULL OR parent = :parent) "
        "AND (:after IS NULL OR (json_extract(body, '$.created'), position) < "
        "(SELECT json_extract(body, '$.created'), position FROM object WHERE id = :after)) "
        "ORDER BY json_extract(body, '$.created') DESC, position DESC LIMIT :most",
        {
            "since": since,
            "until": until,
            "status": parameters.status,
            "parent": parameters.subscription,
            "after": parameters.starting_after,
            "most": parameters.limit + 1,
        },
    ).fetchall()
    found = [json.loads(row["body"]) for row in rows]
    return listed("/v1/invoices", (found[: parameters.limit], len(found) > parameters.limit))


def pay_with(books: Books, invoice: JsonObject, intent: JsonObject) -> None:
    """`intent` has brought in the money of `invoice`."""
    invoice["payments"]["data"] = [
        {
            "id": books.new_id("invoice_payment"),
            "object": "invoice_payment",
            "amount_paid": invoice["amount_due"],
            "amount_requested": invoice["amount_due"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "paid",
        }
    ]
    invoice.update(
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=invoice["attempt_count"] + 1,
        attempted=True,
        next_payment_attempt=None,
        status="paid",
    )
    books.save(invoice)
    books.tell("invoice.paid", invoice)
    books.tell("invoice.payment_succeeded", invoice)


def collect(books: Books, invoice: JsonObject, *, at: int) -> bool:
    """Charge the customer's card at the moment `at`. Returns whether it went through; if not, the next try is set."""
    customer = books.get("customer", invoice["customer"])
    method = books.get("payment_method", customer["invoice_settings"]["default_payment_method"])
    intent = payments.prepare(
        books,
        {
            "amount": invoice["amount_due"],
            "currency": invoice["currency"],
            "metadata": {},
            "payment_method_types": ["card"],
            "transfer_group": None,
        },
        parent=invoice["id"],
    )
    books.tell("payment_intent.created", intent)
    number = BY_LAST_DIGITS[method["card"]["last4"]]
    if payments.charge_card(books, intent, number, email=customer["email"]) is None:
        pay_with(books, invoice, intent)
        return True
    failures = invoice["attempt_count"]
    again = at + RETRY_AFTER_DAYS[failures] * DAY if failures < len(RETRY_AFTER_DAYS) else None
    invoice.update(attempt_count=failures + 1, attempted=True, next_payment_attempt=again)
    books.save(invoice, due=again)
    books.tell("invoice.payment_failed", invoice)
    return False
