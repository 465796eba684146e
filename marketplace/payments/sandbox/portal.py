"""The page on which a customer enters another card: its session, and keeping the card."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.cards import TEST_CARDS
from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.parameters import PortalCreate

LASTS = 5 * 60


def create(books: Books, parameters: PortalCreate, public_url: str) -> JsonObject:
    customer = books.get("customer", parameters.customer, param="customer")
    session_id = books.new_id("billing_portal.session")
    return books.add(
        "billing_portal.session",
        {
            "id": session_id,
            "customer": customer["id"],
            "locale": parameters.locale,
            "return_url": parameters.return_url,
            "url": f"{public_url}/c/card/{session_id}",
        },
        parent=customer["id"],
    )


def open_session(books: Books, session_id: str) -> tuple[JsonObject, bool]:
    """The session, and whether it is still good. Raises: ApiError 404."""
    session = books.get("billing_portal.session", session_id)
    return session, books.now < session["created"] + LASTS


def keep_card(books: Books, customer_id: str, number: str) -> str | None:
    """Charge this card from now on. Returns None, or the decline code of a card that cannot be kept."""
    card = TEST_CARDS[number]
    if not card.kept:
        return card.decline
    method = books.add(
        "payment_method",
        {
            "card": {"brand": "visa", "last4": number[-4:]},
            "customer": customer_id,
            "metadata": {},
            "type": "card",
        },
        parent=customer_id,
    )
    customer = books.get("customer", customer_id)
    customer["invoice_settings"] = {"default_payment_method": method["id"]}
    books.save(customer)
    books.tell("payment_method.attached", method)
    books.tell("customer.updated", customer)
    return None
