"""What the payment provider says of an order's checkout, and what follows: paid, promised, failed or run out.

Each step is one transaction that changes state and writes the next job. A step that runs twice finds the state already
moved and changes nothing.
"""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.ledger import service as ledger
from marketplace.market import Market
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.service import UNITS_HELD_AFTER_CHECKOUT, find, move, placed_on, queue_for
from marketplace.orders.states import UNPAID, OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob
from marketplace.payments import early_news
from marketplace.payments.gateway import Checkout, PaymentState
from marketplace.payments.models import Payment
from marketplace.quotes import service as quotes

# A bank transfer has no last day at the provider; units are not held for ever.
BANK_TRANSFER_WITHIN = timedelta(days=7)
LOOK_AGAIN_WHEN_UNSAVED = timedelta(seconds=2)


class PaymentDiffers(Exception):
    """The provider captured another amount than the order's total: a person must look."""

    code = "payment_differs"


async def settle(market: Market, session_id: str) -> timedelta | None:
    """Ask the provider how a checkout stands now, and follow. Safe to call any number of times, in any order."""
    return await follow(market, await market.payments.checkout(session_id))


async def follow(market: Market, checkout: Checkout) -> timedelta | None:
    """As settle, with what the provider has just said."""
    match checkout.state:
        case PaymentState.PAID:
            await _paid(market, checkout)
        case PaymentState.PENDING:
            return await _promised(market, checkout)
        case PaymentState.FAILED:
            await _give_up(market, checkout, OrderState.PAYMENT_FAILED, Happened.PAYMENT_FAILED)
        case PaymentState.EXPIRED:
            await _give_up(market, checkout, OrderState.EXPIRED, Happened.EXPIRED)
        case PaymentState.OPEN:
            pass
    return None


async def _paid(market: Market, checkout: Checkout) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await find(checkout.order_id)
        if OrderState(order.state) not in UNPAID:
            return
        if checkout.payment is None or (checkout.amount, checkout.currency) != (order.total_yen, "JPY"):
            raise PaymentDiffers(f"{checkout.id}: {checkout.amount} {checkout.currency}, not {order.total_yen} JPY")
        await capture(tx, order, checkout.payment, at=now, checkout_session=checkout.id)

    await run_tx(work)


async def capture(
    tx: BaseDBAsyncClient, order: Order, provider_payment: str, *, at: datetime, **changes: object
) -> None:
    """Inside the caller's transaction: the order's total has arrived as the provider's payment of this id. What follows is
    written with it."""
    payment = Payment(
        id=new_id("pay", at),
        order_id=order.id,
        provider_payment=provider_payment,
        amount_yen=order.total_yen,
        captured_at=at,
    )
    await rows.insert(payment)
    await ledger.book(
        f"payment:{payment.id}",
        {ledger.CLEARING: order.total_yen, ledger.order_account(order.id): -order.total_yen},
        order_id=order.id,
        at=at,
    )
    await move(order, OrderState.PAID, **changes)
    await note(order, Happened.PAID, at=at)
    payload = {"order_id": order.id}
    await outbox.add_all(
        [
            NewJob("order.retire", f"retire:{order.id}", payload),
            NewJob("invoice.issue", f"invoice:{order.id}", payload),
        ],
        at=at,
    )
    await early_news.look_again(tx, provider_payment, at=at)


async def _promised(market: Market, checkout: Checkout) -> timedelta | None:
    """The buyer will pay at a store or by bank transfer: the units stay reserved until the last moment for that.

    Money that comes later still is served from what is free then, or given back.
    """

    async def work(_: BaseDBAsyncClient) -> timedelta | None:
        now = market.clock()
        order = await find(checkout.order_id)
        if order.state == OrderState.QUOTED:
            # the buyer was quicker than the transaction that notes the opened page
            return LOOK_AGAIN_WHEN_UNSAVED
        if order.state != OrderState.AWAITING_PAYMENT or order.checkout_url == checkout.instructions_url:
            return None
        pay_until = checkout.pay_by or now + BANK_TRANSFER_WITHIN
        await Order.filter(id=order.id, state=OrderState.AWAITING_PAYMENT).update(
            pay_until=pay_until, checkout_url=checkout.instructions_url
        )
        await quotes.hold_until(order.quote_id, pay_until + UNITS_HELD_AFTER_CHECKOUT)
        await note(order.id, Happened.PAYMENT_PROMISED, at=now, method=checkout.method, pay_by=pay_until.isoformat())
        return None

    return await run_tx(work)


async def _give_up(market: Market, checkout: Checkout, new: OrderState, happened: Happened) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        order = await find(checkout.order_id)
        if order.state == OrderState.AWAITING_PAYMENT:
            await move(order, new)
            await quotes.release(tx, order.quote_id)
            await note(order, happened, at=market.clock())

    await run_tx(work)


async def run_out(market: Market, order_id: str) -> timedelta | None:
    """The time to pay is over: close the page first, then give the units back, unless the money came after all."""
    order = await find(order_id)
    if order.state not in {OrderState.QUOTED, OrderState.AWAITING_PAYMENT}:
        return None
    if order.checkout_session is not None:
        return await _close(market, order.checkout_session)
    if await _lapse(market, order_id, Happened.EXPIRED):
        return None
    # its page was opened, or it was given up, since the look above
    return await run_out(market, order_id)


async def give_up_refused(market: Market, order_id: str) -> None:
    """The provider refused its payment page to a buyer who is told so now: nobody will pay, and the units are free again."""
    await _lapse(market, order_id, Happened.PAYMENT_REFUSED)


async def was_refused(quote_id: str) -> bool:
    """Whether the order that was made from this quote was given up for that reason."""
    order = await placed_on(quote_id)
    return (
        order is not None and await rows.find(OrderEvent, order_id=order.id, kind=Happened.PAYMENT_REFUSED) is not None
    )


async def _lapse(market: Market, order_id: str, happened: Happened) -> bool:
    """Of an order without a payment page; False if it has one, or is given up already."""

    async def work(tx: BaseDBAsyncClient) -> bool:
        await queue_for(tx, order_id)
        current = await find(order_id)
        if current.state != OrderState.QUOTED:
            return False
        await move(current, OrderState.EXPIRED)
        await quotes.release(tx, current.quote_id)
        await note(current.id, happened, at=market.clock())
        return True

    return await run_tx(work)


async def _close(market: Market, session_id: str) -> timedelta | None:
    """A promise cannot be closed: a moment after its last one the units go back, whatever the provider still hopes for."""
    checkout = await market.payments.expire_checkout(session_id)
    await follow(market, checkout)
    if checkout.state is not PaymentState.PENDING:
        return None
    order = await find(checkout.order_id)
    waits = order.pay_until + UNITS_HELD_AFTER_CHECKOUT - market.clock()
    if waits > timedelta(0):
        return waits
    await _give_up(market, checkout, OrderState.EXPIRED, Happened.EXPIRED)
    return None


async def enqueue_overdue(market: Market) -> None:
    """Sweep: every order whose time to pay is over gets a job that lets it run out."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        unpaid = [OrderState.QUOTED, OrderState.AWAITING_PAYMENT]
        for order in await Order.filter(state__in=unpaid, pay_until__lte=now).limit(100):
            # a promise moves the deadline, and the order may then run out a second time
            key = f"run_out:{order.id}:{order.pay_until.isoformat()}"
            await outbox.add(tx, "order.run_out", key, {"order_id": order.id}, at=now)

    await run_tx(work)
