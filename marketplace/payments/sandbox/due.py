"""What happens by itself when its time has come."""

from collections.abc import Callable, Mapping

from marketplace.payments.sandbox import checkout, deferred, subscriptions
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject

WHEN_DUE: Mapping[str, Callable[[Books, JsonObject], None]] = {
    "checkout.session": checkout.run_out,
    "payment_intent": deferred.lapse,
    "subscription": subscriptions.renew,
    "invoice": subscriptions.retry,
}


def settle(books: Books) -> None:
    """Let everything happen that should have happened until now. Called before anything is read or changed."""
    while (thing := books.next_due()) is not None:
        WHEN_DUE[thing["object"]](books, thing)
