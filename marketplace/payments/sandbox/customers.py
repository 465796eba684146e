"""Customers: whom an account to transfer to, or the card of a plan, belongs to."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.parameters import CustomerCreate


def create(books: Books, parameters: CustomerCreate, _id: str) -> JsonObject:
    return new(books, parameters.email, parameters.metadata)


def new(books: Books, email: str | None, metadata: dict[str, str]) -> JsonObject:
    """A customer that has no card yet."""
    customer = books.add(
        "customer",
        {"email": email, "invoice_settings": {"default_payment_method": None}, "metadata": metadata},
    )
    books.tell("customer.created", customer)
    return customer


def retrieve(books: Books, _parameters: object, customer_id: str) -> JsonObject:
    return books.get("customer", customer_id)
