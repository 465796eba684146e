"""Which of the provider's events matter, and what each tells us to read again.

An event is a hint and never a fact: it comes late, twice, out of order or not at all. So its content is not believed; it
names an object, and the market reads that object's present state from the provider before it moves anything.
"""

from collections.abc import Mapping
from enum import StrEnum


class Subject(StrEnum):
    """What to read again from the provider. A CHECKOUT that is refused as "checkout_is_a_plan" is the beginning of a plan."""

    CHECKOUT = "checkout"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT_ACCOUNT = "payout_account"
    SUBSCRIPTION = "subscription"
    INVOICE = "invoice"


SUBJECTS: Mapping[str, Subject] = {
    "checkout.session.completed": Subject.CHECKOUT,
    "checkout.session.async_payment_succeeded": Subject.CHECKOUT,
    "checkout.session.async_payment_failed": Subject.CHECKOUT,
    "checkout.session.expired": Subject.CHECKOUT,
    "refund.created": Subject.REFUND,
    "refund.updated": Subject.REFUND,
    "refund.failed": Subject.REFUND,
    "charge.dispute.created": Subject.DISPUTE,
    "charge.dispute.updated": Subject.DISPUTE,
    "charge.dispute.closed": Subject.DISPUTE,
    "account.updated": Subject.PAYOUT_ACCOUNT,
    "customer.subscription.deleted": Subject.SUBSCRIPTION,
    "invoice.paid": Subject.INVOICE,
    "invoice.payment_failed": Subject.INVOICE,
    "invoice.voided": Subject.INVOICE,
}


def interpret(event_type: str) -> Subject | None:
    """What an event of this type tells us to look at again; None if it says nothing about an order.

    Payment intents and charges are left out on purpose: the checkout session and the refund say the same, and one event
    less per payment is one race less. A subscription's updates are left out for the same reason: each month's invoice says
    what they would, and what we change ourselves we know.
    """
    return SUBJECTS.get(event_type)
