"""What happens by itself when its time has come."""

from marketplace.payments.sandbox import checkout
from marketplace.payments.sandbox.books import Books


def settle(books: Books) -> None:
    """Let everything happen that should have happened until now. Called before anything is read or changed."""
    for thing in books.due():
        checkout.run_out(books, thing)
