"""The table of calls that the sandbox answers: the part of the provider's API that the market uses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marketplace.payments.sandbox import (
    accounts,
    checkout,
    customers,
    event_log,
    invoices,
    payments,
    portal,
    refunds,
    subscriptions,
    transfers,
)
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.parameters import (
    AccountCreate,
    AccountLinkCreate,
    CustomerCreate,
    EventList,
    InvoiceList,
    Page,
    Parameters,
    PortalCreate,
    RefundCreate,
    RefundList,
    ReversalCreate,
    SessionCreate,
    SubscriptionUpdate,
    TransferCreate,
    TransferList,
)
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

# books, checked parameters, the id in the path (empty if there is none); returns what is shown
Operation = Callable[[Books, Any, str], JsonObject]


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    parameters: type[Parameters]
    operation: Operation


def all_calls(settings: SandboxPaymentSettings) -> list[Call]:
    def create_session(books: Books, parameters: SessionCreate, _id: str) -> JsonObject:
        return checkout.create(books, parameters, settings.public_url)

    def create_link(books: Books, parameters: AccountLinkCreate, _id: str) -> JsonObject:
        return accounts.create_link(books, parameters, settings.public_url)

    def create_portal(books: Books, parameters: PortalCreate, _id: str) -> JsonObject:
        return portal.create(books, parameters, settings.public_url)

    return [
        Call("POST", "/v1/checkout/sessions", SessionCreate, create_session),
        Call("GET", "/v1/checkout/sessions/{id}", Parameters, checkout.retrieve),
        Call("POST", "/v1/checkout/sessions/{id}/expire", Parameters, checkout.expire),
        Call("POST", "/v1/customers", CustomerCreate, customers.create),
        Call("GET", "/v1/customers/{id}", Parameters, customers.retrieve),
        Call("GET", "/v1/payment_intents/{id}", Parameters, payments.retrieve),
        Call("GET", "/v1/charges/{id}", Parameters, payments.retrieve_charge),
        Call("GET", "/v1/disputes/{id}", Parameters, payments.retrieve_dispute),
        Call("POST", "/v1/refunds", RefundCreate, refunds.create),
        Call("GET", "/v1/refunds", RefundList, refunds.list_all),
        Call("GET", "/v1/refunds/{id}", Parameters, refunds.retrieve),
        Call("GET", "/v1/subscriptions/{id}", Parameters, subscriptions.retrieve),
        Call("POST", "/v1/subscriptions/{id}", SubscriptionUpdate, subscriptions.update),
        Call("DELETE", "/v1/subscriptions/{id}", Parameters, subscriptions.cancel),
        Call("GET", "/v1/invoices", InvoiceList, invoices.list_all),
        Call("GET", "/v1/invoices/{id}", Parameters, invoices.retrieve),
        Call("POST", "/v1/billing_portal/sessions", PortalCreate, create_portal),
        Call("POST", "/v1/accounts", AccountCreate, accounts.create),
        Call("GET", "/v1/accounts/{id}", Parameters, accounts.retrieve),
        Call("POST", "/v1/account_links", AccountLinkCreate, create_link),
        Call("POST", "/v1/transfers", TransferCreate, transfers.create),
        Call("GET", "/v1/transfers", TransferList, transfers.list_all),
        Call("GET", "/v1/transfers/{id}", Parameters, transfers.retrieve),
        Call("POST", "/v1/transfers/{id}/reversals", ReversalCreate, transfers.reverse),
        Call("GET", "/v1/transfers/{id}/reversals", Page, transfers.list_reversals),
        Call("GET", "/v1/events", EventList, event_log.list_all),
        Call("GET", "/v1/events/{id}", Parameters, event_log.retrieve),
    ]
