"""The states of an order, and the only arrows between them (the same table stands in the database).

Money that arrives after the deadline is money all the same: `expired` and `payment_failed` lead to `paid`, and the
order is then served from other stock or refunded. `fulfilled` and `refunded` are final.
"""

from collections.abc import Mapping
from enum import StrEnum


class OrderState(StrEnum):
    QUOTED = "quoted"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    RETIRING = "retiring"
    FULFILLED = "fulfilled"
    EXPIRED = "expired"
    PAYMENT_FAILED = "payment_failed"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"


ALLOWED_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.QUOTED: frozenset({OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.EXPIRED}),
    OrderState.AWAITING_PAYMENT: frozenset({OrderState.PAID, OrderState.EXPIRED, OrderState.PAYMENT_FAILED}),
    OrderState.PAYMENT_FAILED: frozenset({OrderState.PAID}),
    OrderState.EXPIRED: frozenset({OrderState.PAID}),
    OrderState.PAID: frozenset({OrderState.RETIRING, OrderState.REFUND_DUE}),
    OrderState.RETIRING: frozenset({OrderState.FULFILLED, OrderState.REFUND_DUE}),
    OrderState.REFUND_DUE: frozenset({OrderState.REFUNDED}),
    OrderState.FULFILLED: frozenset(),
    OrderState.REFUNDED: frozenset(),
}

UNPAID = (OrderState.QUOTED, OrderState.AWAITING_PAYMENT, OrderState.EXPIRED, OrderState.PAYMENT_FAILED)
