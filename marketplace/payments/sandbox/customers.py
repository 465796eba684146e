"""Customers: whom a bank transfer's own account belongs to."""

from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.parameters import CustomerCreate


def create(books: Books, parameters: CustomerCreate, _id: str) -> JsonObject:
    return books.add("customer", {"email": parameters.email, "metadata": parameters.metadata})


def retrieve(books: Books, _parameters: object, customer_id: str) -> JsonObject:
    return books.get("customer", customer_id)
