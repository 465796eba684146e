"""Subscriptions: begun on the payment page, renewed by themselves each month, past due when the card fails, and ended."""

from marketplace.payments.sandbox import invoices
from marketplace.payments.sandbox.billing_month import next_boundary
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject, invalid, no_such, refused
from marketplace.payments.sandbox.parameters import SubscriptionUpdate


def begin(books: Books, session: JsonObject, intent: JsonObject, customer: JsonObject) -> tuple[JsonObject, JsonObject]:
    """The subscription that a paid session begins, and its first invoice, paid by `intent`."""
    (line,) = books.children("item", session["id"])
    product = books.add("product", {"active": True, "metadata": {}, "name": line["description"]})
    subscription_id = books.new_id("subscription")
    end = next_boundary(books.now, books.now)
    subscription = books.add(
        "subscription",
        {
            "id": subscription_id,
            "billing_cycle_anchor": books.now,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "collection_method": "charge_automatically",
            "currency": line["currency"],
            "customer": customer["id"],
            "ended_at": None,
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": books.new_id("subscription_item"),
                        "object": "subscription_item",
                        "created": books.now,
                        "current_period_start": books.now,
                        "current_period_end": end,
                        "metadata": {},
                        "price": _price(books, product["id"], line["currency"], line["amount_total"]),
                        "quantity": 1,
                        "subscription": subscription_id,
                    }
                ],
                "has_more": False,
            },
            "latest_invoice": None,
            "metadata": line["metadata"],
            "pause_collection": None,
            "start_date": books.now,
            "status": "active",
        },
        parent=customer["id"],
        due=end,
    )
    invoice = invoices.open_for_month(books, subscription, start=books.now, end=end, reason="subscription_create")
    invoices.pay_with(books, invoice, intent)
    subscription["latest_invoice"] = invoice["id"]
    books.save(subscription, due=end)
    books.tell("customer.subscription.created", subscription)
    return subscription, invoice


def _price(books: Books, product: str, currency: str, amount: int) -> JsonObject:
    return books.add(
        "price",
        {
            "active": True,
            "currency": currency,
            "metadata": {},
            "product": product,
            "recurring": {"interval": "month", "interval_count": 1},
            "type": "recurring",
            "unit_amount": amount,
        },
    )


def retrieve(books: Books, _parameters: object, subscription_id: str) -> JsonObject:
    return books.get("subscription", subscription_id)


def update(books: Books, parameters: SubscriptionUpdate, subscription_id: str) -> JsonObject:
    subscription = books.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise refused("A canceled subscription can only update its cancellation_details and metadata.")
    item = subscription["items"]["data"][0]
    for changed in parameters.items:
        if changed.id != item["id"]:
            raise no_such("subscription_item", changed.id, param="items[0][id]")
        if parameters.proration_behavior is None:
            raise invalid("This sandbox changes prices without proration only.", param="proration_behavior")
        price = changed.price_data
        product = books.get("product", price.product, param="items[0][price_data][product]")
        item["price"] = _price(books, product["id"], price.currency, price.unit_amount)
    if "pause_collection" in parameters.model_fields_set:
        pause = parameters.pause_collection
        subscription["pause_collection"] = None if pause is None else {"behavior": pause.behavior, "resumes_at": None}
    if parameters.cancel_at_period_end is not None:
        subscription["cancel_at_period_end"] = parameters.cancel_at_period_end == "true"
    books.save(subscription, due=item["current_period_end"])
    books.tell("customer.subscription.updated", subscription)
    return subscription


def cancel(books: Books, _parameters: object, subscription_id: str) -> JsonObject:
    subscription = books.get("subscription", subscription_id)
    if subscription["status"] == "canceled":
        raise no_such("subscription", subscription_id)
    _end(books, subscription, at=books.now)
    return subscription


def _end(books: Books, subscription: JsonObject, *, at: int) -> None:
    subscription.update(status="canceled", canceled_at=at, ended_at=at)
    books.save(subscription)
    for invoice in books.children("invoice", subscription["id"]):
        if invoice["next_payment_attempt"] is not None:
            invoice["next_payment_attempt"] = None
            books.save(invoice)
    books.tell("customer.subscription.deleted", subscription)


def renew(books: Books, subscription: JsonObject) -> None:
    """A month is over: begin the next, or end."""
    item = subscription["items"]["data"][0]
    start = item["current_period_end"]
    if subscription["cancel_at_period_end"]:
        _end(books, subscription, at=start)
        return
    end = next_boundary(subscription["billing_cycle_anchor"], start)
    item.update(current_period_start=start, current_period_end=end)
    paused = subscription["pause_collection"] is not None
    invoice = invoices.open_for_month(
        books, subscription, start=start, end=end, reason="subscription_cycle", status="void" if paused else "open"
    )
    subscription["latest_invoice"] = invoice["id"]
    if not paused and not invoices.collect(books, invoice, at=start):
        subscription["status"] = "past_due"
    books.save(subscription, due=end)
    books.tell("customer.subscription.updated", subscription)


def retry(books: Books, invoice: JsonObject) -> None:
    """The day has come to try a failed card again."""
    subscription = books.get("subscription", books.parent(invoice) or "")
    went_through = invoices.collect(books, invoice, at=invoice["next_payment_attempt"])
    if not went_through and invoice["next_payment_attempt"] is None:
        _end(books, subscription, at=books.now)
        return
    owing = any(other["status"] == "open" for other in books.children("invoice", subscription["id"]))
    status = "past_due" if owing else "active"
    if status != subscription["status"]:
        subscription["status"] = status
        books.save(subscription, due=subscription["items"]["data"][0]["current_period_end"])
        books.tell("customer.subscription.updated", subscription)
