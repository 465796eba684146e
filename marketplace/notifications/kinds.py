"""The types of events, and which of them an entry of an order's time line is told as."""

from collections.abc import Mapping
from enum import StrEnum

from marketplace.orders.timeline import Happened


class EventType(StrEnum):
    """`noun.what_happened`. A type never changes its meaning; new ones may come."""

    ORDER_PLACED = "order.placed"
    ORDER_AWAITING_PAYMENT = "order.awaiting_payment"
    ORDER_PAYMENT_PROMISED = "order.payment_promised"
    ORDER_PAYMENT_FAILED = "order.payment_failed"
    ORDER_EXPIRED = "order.expired"
    ORDER_PAID = "order.paid"
    ORDER_UNITS_REPLACED = "order.units_replaced"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_FULFILLED = "order.fulfilled"
    ORDER_REFUND_DUE = "order.refund_due"
    ORDER_REFUND_PENDING = "order.refund_pending"
    ORDER_REFUND_FAILED = "order.refund_failed"
    ORDER_REFUNDED = "order.refunded"
    ORDER_PART_REFUND_DUE = "order.part_refund_due"
    ORDER_PART_REFUNDED = "order.part_refunded"
    RETIREMENT_REQUESTED = "retirement.requested"
    RETIREMENT_AT_THE_DESK = "retirement.at_the_desk"
    RETIREMENT_FROZEN = "retirement.frozen"
    RETIREMENT_WAITING = "retirement.waiting"
    RETIREMENT_UNKNOWN = "retirement.unknown"
    RETIREMENT_UNDER_REVIEW = "retirement.under_review"
    RETIREMENT_PARTLY_CONFIRMED = "retirement.partly_confirmed"
    RETIREMENT_CONFIRMED = "retirement.confirmed"
    RETIREMENT_REJECTED = "retirement.rejected"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_CORRECTED = "certificate.corrected"
    CERTIFICATE_REVOKED = "certificate.revoked"
    PRODUCT_COVERAGE_CHANGED = "product.coverage_changed"
    PLAN_CHANGED = "plan.changed"
    ENDPOINT_TEST = "endpoint.test"


TOLD_AS: Mapping[Happened, tuple[EventType, ...]] = {
    Happened.ORDERED: (EventType.ORDER_PLACED,),
    Happened.CHECKOUT_OPENED: (EventType.ORDER_AWAITING_PAYMENT,),
    Happened.PAYMENT_FAILED: (EventType.ORDER_PAYMENT_FAILED,),
    Happened.PAYMENT_PROMISED: (EventType.ORDER_PAYMENT_PROMISED,),
    Happened.EXPIRED: (EventType.ORDER_EXPIRED,),
    Happened.PAYMENT_REFUSED: (EventType.ORDER_EXPIRED,),
    Happened.PAID: (EventType.ORDER_PAID,),
    Happened.UNITS_REPLACED: (EventType.ORDER_UNITS_REPLACED,),
    Happened.CANCELLATION_REQUESTED: (EventType.RETIREMENT_REQUESTED,),
    Happened.AT_THE_DESK: (EventType.RETIREMENT_AT_THE_DESK,),
    Happened.APPLICATION_FROZEN: (EventType.RETIREMENT_FROZEN,),
    Happened.REGISTRY_WAITING: (EventType.RETIREMENT_WAITING,),
    Happened.REGISTRY_ANSWER_UNKNOWN: (EventType.RETIREMENT_UNKNOWN,),
    Happened.PARTLY_CONFIRMED: (EventType.RETIREMENT_PARTLY_CONFIRMED,),
    Happened.UNDER_REVIEW: (EventType.RETIREMENT_UNDER_REVIEW,),
    Happened.CANCELLATION_REFUSED: (EventType.RETIREMENT_REJECTED,),
    Happened.CANCELLATION_CONFIRMED: (EventType.RETIREMENT_CONFIRMED,),
    Happened.PART_CERTIFIED: (EventType.CERTIFICATE_ISSUED,),
    Happened.CERTIFIED: (EventType.CERTIFICATE_ISSUED, EventType.ORDER_FULFILLED),
    Happened.ENDED_IN_PART: (EventType.ORDER_FULFILLED,),
    Happened.CANCELLED_BY_BUYER: (EventType.ORDER_CANCELLED,),
    Happened.REFUND_DUE: (EventType.ORDER_REFUND_DUE,),
    Happened.REFUNDED: (EventType.ORDER_REFUNDED,),
    Happened.PART_REFUND_DUE: (EventType.ORDER_PART_REFUND_DUE,),
    Happened.PART_REFUNDED: (EventType.ORDER_PART_REFUNDED,),
    Happened.REFUND_PENDING: (EventType.ORDER_REFUND_PENDING,),
    Happened.REFUND_FAILED: (EventType.ORDER_REFUND_FAILED,),
}
