"""What these tests do again and again: pay an order, and let the market refund."""

from datetime import timedelta

from marketplace.database.transactions import run_tx
from marketplace.orders import service as orders
from marketplace.payments import refunds
from marketplace.payments.gateway import DisputeState, PaymentEvent, PaymentMethod
from tests.builders.market import a_listing, an_order


async def a_paid_order(small, *, tonnes=3, work=True, listing=None):
    order = await an_order(small, listing or await a_listing(small), tonnes=tonnes)
    await small.deliver(small.payments.pay(order.checkout_session))
    if work:
        await small.work()
    return await orders.find(order.id)


async def an_order_just_paid(small, *, listing=None):
    """Paid, and not yet sent to the registry."""
    order = await a_paid_order(small, work=False, listing=listing)
    await small.worker().run_due()
    return await orders.find(order.id)


async def give_back(small, order, yen, *, key="key-1", reason="goodwill", **how):
    return await run_tx(lambda tx: refunds.refund(tx, order, yen, reason=reason, key=key, at=small.clock(), **how))


async def state_of(order) -> str:
    return (await orders.find(order.id)).state


def five_events(small, order, method) -> list[PaymentEvent]:
    """All that happens to one order at the provider: paid (told twice), partly refunded there, disputed and lost."""
    session, payment = order.checkout_session, f"pi_{order.checkout_session}"
    if method is PaymentMethod.CARD:
        completed = small.payments.pay(session)
    else:
        completed = small.payments.promise(session, method, pay_by=small.clock() + timedelta(days=3))
        small.payments.arrive(session)
    succeeded = small.payments._event("payment_intent.succeeded", payment)
    refunded = small.payments.refund_by_hand(payment, 100)
    opened = small.payments.object_to(payment, order.total_yen - 100)
    closed = small.payments.decide_dispute(opened.object_id, DisputeState.LOST)
    return [completed, succeeded, refunded, opened, closed]
