"""Money that comes later: paid at a convenience store or by bank transfer, days after the page, or never."""

import secrets
from datetime import datetime, time, timedelta

from marketplace.payments.sandbox import payments
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, refused
from marketplace.payments.sandbox.words import JAPAN

STORES = ("familymart", "lawson", "ministop", "seicomart")


def promise_konbini(books: Books, intent: JsonObject, *, days: int, public_url: str) -> None:
    """The buyer will go to a store, until the end of the day in Japan that is `days` days after today."""
    last_day = datetime.fromtimestamp(books.now, JAPAN).date() + timedelta(days=days)
    expires_at = int(datetime.combine(last_day, time(23, 59, 59), JAPAN).timestamp())
    codes = {
        store: {
            "payment_code": f"{secrets.randbelow(10**6):06}",
            "confirmation_number": f"{secrets.randbelow(10**11):011}",
        }
        for store in STORES
    }
    _promise(
        books,
        intent,
        {
            "type": "konbini_display_details",
            "konbini_display_details": {
                "expires_at": expires_at,
                "hosted_voucher_url": instructions(public_url, intent),
                "stores": codes,
            },
        },
        due=expires_at,
    )


def promise_transfer(books: Books, intent: JsonObject, *, public_url: str) -> None:
    """The buyer will send the money to an account of its own at the provider. There is no last day."""
    _promise(
        books,
        intent,
        {
            "type": "display_bank_transfer_instructions",
            "display_bank_transfer_instructions": {
                "amount_remaining": intent["amount"],
                "currency": intent["currency"],
                "financial_addresses": [
                    {
                        "type": "zengin",
                        "supported_networks": ["zengin"],
                        "zengin": {
                            "account_holder_name": "アシアト　レンシュウ",
                            "account_number": f"{secrets.randbelow(10**7):07}",
                            "account_type": "futsu",
                            "bank_code": "0000",
                            "bank_name": "練習銀行",
                            "branch_code": "000",
                            "branch_name": "練習支店",
                        },
                    }
                ],
                "hosted_instructions_url": instructions(public_url, intent),
                "reference": secrets.token_hex(6).upper(),
                "type": "jp_bank_transfer",
            },
        },
        due=None,
    )


def instructions(public_url: str, intent: JsonObject) -> str:
    """Where the buyer reads how to pay."""
    return f"{public_url}/c/instructions/{intent['id']}"


def _promise(books: Books, intent: JsonObject, action: JsonObject, *, due: int | None) -> None:
    intent.update(status="requires_action", next_action=action, last_payment_error=None)
    books.save(intent, due=due)
    books.tell("payment_intent.requires_action", intent)


def arrive(books: Books, intent: JsonObject, amount: int) -> None:
    """`amount` yen arrive. A store takes all or nothing; a transfer may come in parts, and completes with the last one.

    Raises: ApiError if nothing is awaited, or not this much.
    """
    if intent["status"] != "requires_action":
        raise refused("Nothing is awaited for this payment.", code="payment_intent_unexpected_state")
    bank = intent["next_action"].get("display_bank_transfer_instructions")
    rest = awaited(intent) - amount
    if amount <= 0 or rest < 0 or (bank is None and rest != 0):
        raise refused(f"{awaited(intent)} are awaited.", param="amount")
    if bank is not None and rest > 0:
        bank["amount_remaining"] = rest
        books.save(intent)
        books.tell("payment_intent.partially_funded", intent)
        return
    method = "konbini" if bank is None else "customer_balance"
    payments.settle(books, intent, payments.new_charge(books, intent, {"type": method}))
    session = _session(books, intent)
    session["payment_status"] = "paid"
    books.save(session)
    books.tell("checkout.session.async_payment_succeeded", session)


def awaited(intent: JsonObject) -> int:
    """The yen that have not arrived yet."""
    bank = intent["next_action"].get("display_bank_transfer_instructions")
    remaining: int = intent["amount"] if bank is None else bank["amount_remaining"]
    return remaining


def may_lapse(intent: JsonObject) -> bool:
    """A store's numbers run out; an account to transfer to does not."""
    return "konbini_display_details" in intent["next_action"]


def lapse(books: Books, intent: JsonObject) -> None:
    """The time to go to the store has run out."""
    intent.update(
        status="requires_payment_method",
        next_action=None,
        last_payment_error={"type": "invalid_request_error", "code": "payment_intent_payment_attempt_expired"},
    )
    books.save(intent)
    books.tell("payment_intent.payment_failed", intent)
    books.tell("checkout.session.async_payment_failed", _session(books, intent))


def _session(books: Books, intent: JsonObject) -> JsonObject:
    return books.get("checkout.session", books.parent(intent) or "")
