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


# as much as fits into one transaction while somebody waits for an answer
AT_ONCE = 200


def settle(books: Books) -> bool:
    """Let happen what should have happened until now. Called before anything is read or changed.

    Returns whether more is due: of very much, as when a month begins for a hundred thousand plans, the rest follows soon.
    """
    for _ in range(AT_ONCE):
        if (thing := books.next_due()) is None:
            return False
        WHEN_DUE[thing["object"]](books, thing)
    return True
