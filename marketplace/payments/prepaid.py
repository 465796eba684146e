"""Pay an order from a prepaid balance: at once, without the payment provider."""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.ids import new_id
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.orders.models import Order
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.payments.models import Payment, PrepaidPayment


async def pay(tx: BaseDBAsyncClient, order: Order, buyer: str, *, at: datetime) -> Payment:
    """Inside the caller's transaction, which also moves the order to `paid`: take the money, and have it invoiced.

    Raises BalanceTooLow. The order's account then holds the money as after any other payment, and refunds return to the balance.
    """
    await outbox.add_all([invoice_of(order)], at=at)
    return await take(order, buyer, at=at)


def invoice_of(order: Order) -> NewJob:
    """The job that whoever calls `take` puts on the table in the same transaction."""
    return NewJob("invoice.issue", f"invoice:{order.id}", {"order_id": order.id})


async def take(order: Order, buyer: str, *, at: datetime) -> Payment:
    """As pay, without the invoice. From here on others wait for the balance until the transaction ends."""
    payment = Payment(
        id=new_id("pay", at),
        order_id=order.id,
        provider_payment=f"balance:{order.id}",
        amount_yen=order.total_yen,
        captured_at=at,
    )
    await rows.insert(payment)
    await rows.insert(PrepaidPayment(payment_id=payment.id, buyer=buyer))
    await balance.debit(
        buyer,
        order.total_yen,
        given_to=ledger.order_account(order.id),
        event=f"payment:{payment.id}",
        order_id=order.id,
        at=at,
    )
    return payment
