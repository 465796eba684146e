"""Checkout sessions: opened by us, paid by the buyer on the hosted page, or run out. Exactly one of these ends happens."""

from collections.abc import Sequence

from marketplace.payments.sandbox import customers, deferred, payments, portal, subscriptions
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, invalid, refused
from marketplace.payments.sandbox.parameters import LineItem, PaymentIntentData, SessionCreate

SHORTEST, LONGEST = 30 * 60, 24 * 3600

# yen; the provider's smallest and largest charge
LEAST, MOST = 50, 99_999_999
KONBINI_LEAST, KONBINI_MOST = 120, 300_000

KNOWN_METHODS = frozenset({"card", "konbini", "customer_balance"})


def create(books: Books, parameters: SessionCreate, public_url: str) -> JsonObject:
    """A new session whose page lies under `public_url`."""
    _check_mode(parameters)
    total = _total(parameters.line_items)
    expires_at = books.now + LONGEST if parameters.expires_at is None else parameters.expires_at
    if not SHORTEST <= expires_at - books.now <= LONGEST:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    session_id = books.new_id("checkout.session")
    if parameters.customer is not None:
        _check_customer(books, parameters)
    offered = _offered(parameters, total)
    session = books.add(
        "checkout.session",
        {
            "id": session_id,
            "allowed_payment_method_types": parameters.allowed_payment_method_types or None,
            "amount_subtotal": total,
            "amount_total": total,
            "cancel_url": parameters.cancel_url,
            "client_reference_id": parameters.client_reference_id,
            "currency": "jpy",
            "customer": parameters.customer,
            "customer_details": None,
            "customer_email": parameters.customer_email,
            "expires_at": expires_at,
            "invoice": None,
            "locale": parameters.locale,
            "metadata": parameters.metadata,
            "mode": parameters.mode,
            "payment_intent": None,
            "payment_method_options": parameters.payment_method_options.model_dump(exclude_none=True),
            "payment_method_types": offered,
            "payment_status": "unpaid",
            "status": "open",
            "subscription": None,
            "success_url": parameters.success_url,
            "url": f"{public_url}/c/pay/{session_id}",
        },
        due=expires_at,
    )
    for item in parameters.line_items:
        books.add(
            "item",
            {
                "amount_total": item.price_data.unit_amount * item.quantity,
                "currency": item.price_data.currency,
                "description": item.price_data.product_data.name,
                "metadata": parameters.subscription_data.metadata if parameters.subscription_data else {},
                "quantity": item.quantity,
            },
            parent=session_id,
        )
    wishes = parameters.payment_intent_data or PaymentIntentData()
    payments.prepare(
        books,
        {
            "amount": total,
            "currency": "jpy",
            "metadata": wishes.metadata,
            "payment_method_types": offered,
            "transfer_group": wishes.transfer_group,
        },
        parent=session_id,
    )
    return session


def _check_mode(parameters: SessionCreate) -> None:
    plan = parameters.mode == "subscription"
    for position, item in enumerate(parameters.line_items):
        if plan != (item.price_data.recurring is not None):
            raise invalid(
                "A subscription needs a recurring price, and only a subscription may have one.",
                param=f"line_items[{position}][price_data][recurring]",
            )
    if plan and len(parameters.line_items) > 1:
        raise invalid("This sandbox begins subscriptions with one line only.", param="line_items")
    if plan and parameters.payment_intent_data is not None:
        raise invalid("You can not pass `payment_intent_data` in `subscription` mode.", param="payment_intent_data")
    if not plan and parameters.subscription_data is not None:
        raise invalid("You can not pass `subscription_data` in `payment` mode.", param="subscription_data")


def _total(items: Sequence[LineItem]) -> int:
    for position, item in enumerate(items):
        if item.price_data.currency != "jpy":
            raise invalid(
                f"Invalid currency: {item.price_data.currency}. This sandbox takes jpy only.",
                param=f"line_items[{position}][price_data][currency]",
            )
        if item.price_data.unit_amount < 0:
            raise invalid(
                f"Invalid non-negative integer: {item.price_data.unit_amount}",
                code="parameter_invalid_integer",
                param=f"line_items[{position}][price_data][unit_amount]",
            )
    total = sum(item.price_data.unit_amount * item.quantity for item in items)
    if total < LEAST:
        raise invalid(f"The Checkout Session's total amount due must be at least ¥{LEAST}", code="amount_too_small")
    if total > MOST:
        raise invalid(f"The Checkout Session's total amount must be no more than ¥{MOST:,}", code="amount_too_large")
    return total


def _check_customer(books: Books, parameters: SessionCreate) -> None:
    if parameters.customer_email is not None:
        raise invalid("You may only specify one of these parameters: customer, customer_email.", param="customer")
    books.get("customer", parameters.customer or "", param="customer")


def _offered(parameters: SessionCreate, total: int) -> Sequence[str]:
    """The ways to pay that are both possible and allowed."""
    allowed = parameters.allowed_payment_method_types
    if unknown := set(allowed) - KNOWN_METHODS:
        raise invalid(f"Invalid payment method type: {min(unknown)}", param="allowed_payment_method_types")
    if parameters.mode == "subscription":
        # what comes days later, or is brought to a store, cannot be charged month by month
        return ["card"]
    transfer = parameters.payment_method_options.customer_balance is not None and parameters.customer is not None
    if "customer_balance" in allowed and not transfer:
        raise invalid(
            "A bank transfer needs a customer and payment_method_options[customer_balance].", param="customer"
        )
    possible = {
        "card": True,
        "konbini": KONBINI_LEAST <= total <= KONBINI_MOST,
        "customer_balance": transfer,
    }
    offered = [method for method in possible if possible[method] and (not allowed or method in allowed)]
    if not offered:
        raise invalid("No valid payment method types for this Checkout Session.", param="allowed_payment_method_types")
    return offered


def retrieve(books: Books, _parameters: object, session_id: str) -> JsonObject:
    return books.get("checkout.session", session_id)


def expire(books: Books, _parameters: object, session_id: str) -> JsonObject:
    """Close an open session. Raises: ApiError if it is open no more."""
    session = books.get("checkout.session", session_id)
    if session["status"] != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    run_out(books, session)
    return session


def run_out(books: Books, session: JsonObject) -> None:
    """An open session can no longer be paid."""
    session.update(status="expired", url=None)
    books.save(session)
    books.tell("checkout.session.expired", session)


def lines(books: Books, session_id: str) -> list[JsonObject]:
    """What is paid for: objects with `description` and `amount_total` in yen."""
    return books.children("item", session_id)


def pay_by_card(books: Books, session: JsonObject, number: str, *, email: str) -> str | None:
    """Pay an open session with a test card. Returns None if it is paid now, or the card's decline code: it stays open."""
    intent = _first_try(books, session)
    decline = payments.charge_card(books, intent, number, email=email)
    if decline is None:
        if session["mode"] == "subscription":
            _begin_plan(books, session, intent, number, email)
        else:
            session["payment_intent"] = intent["id"]
        _complete(books, session, email=email, payment_status="paid")
    return decline


def _begin_plan(books: Books, session: JsonObject, intent: JsonObject, number: str, email: str) -> None:
    customer = customers.new(books, email, {})
    portal.keep_card(books, customer["id"], number)
    subscription, invoice = subscriptions.begin(books, session, intent, books.get("customer", customer["id"]))
    session.update(customer=customer["id"], subscription=subscription["id"], invoice=invoice["id"])


def pay_later(books: Books, session: JsonObject, method: str, *, email: str, public_url: str) -> str:
    """Complete an open session by the promise to pay in a store or by transfer; returns the address that says how."""
    intent = _first_try(books, session)
    if method == "konbini":
        days = session["payment_method_options"]["konbini"]["expires_after_days"]
        deferred.promise_konbini(books, intent, days=days, public_url=public_url)
    else:
        deferred.promise_transfer(books, intent, public_url=public_url)
    session["payment_intent"] = intent["id"]
    _complete(books, session, email=email, payment_status="unpaid")
    return deferred.instructions(public_url, intent)


def _first_try(books: Books, session: JsonObject) -> JsonObject:
    """The session's payment. The provider makes it known with the first try, not when the page is opened."""
    (intent,) = books.children("payment_intent", session["id"])
    if intent["latest_charge"] is None:
        books.tell("payment_intent.created", intent)
    return intent


def _complete(books: Books, session: JsonObject, *, email: str, payment_status: str) -> None:
    session.update(
        status="complete",
        payment_status=payment_status,
        customer_details={"email": email},
        url=None,
    )
    books.save(session)
    books.tell("checkout.session.completed", session)
