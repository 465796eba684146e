"""The buyer takes an order back: free of charge until the registry has, or may have, the request for good.

Before the payment there is nothing to return. After it everything goes back the way it came, or to the organisation's
prepaid balance for its next order.
"""

from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import belongings
from marketplace.database.transactions import run_tx
from marketplace.errors import NoBalance, OrderNotCancellable
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.market import Market
from marketplace.orders.fulfilment import owe_refund
from marketplace.orders.models import Order
from marketplace.orders.service import find, move
from marketplace.orders.settlement import settle
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.participation import contributions
from marketplace.payments.gateway import PaymentState
from marketplace.pools import service as pools
from marketplace.quotes import service as quotes
from marketplace.registries.desk.models import ItemRecord
from marketplace.registries.desk.states import ItemState
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

REASON = "cancelled_by_buyer"
_BEFORE_PAYMENT = (OrderState.QUOTED, OrderState.AWAITING_PAYMENT)
_GONE = (OrderState.EXPIRED, OrderState.PAYMENT_FAILED, OrderState.REFUND_DUE, OrderState.REFUNDED)


async def cancel(market: Market, order_id: str, *, to_balance: bool = False) -> Order:
    """Cancel the order and give everything back. Safe to repeat: an order that is over already stays as it is.

    Raises OrderNotCancellable, NoBalance (`to_balance` for a guest's order).
    """
    order = await find(order_id)
    if order.state in _BEFORE_PAYMENT and order.checkout_session is not None:
        # close the page first: money may have come in the meantime
        checkout = await market.payments.expire_checkout(order.checkout_session)
        if checkout.state is PaymentState.PENDING:
            raise OrderNotCancellable("a payment was promised", state="payment_promised")
        if checkout.state is PaymentState.PAID:
            await settle(market, order.checkout_session)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        current = await find(order_id)
        if current.state in _GONE:
            return
        if current.state in _BEFORE_PAYMENT:
            await move(current, OrderState.EXPIRED)
            await quotes.release(tx, current.quote_id)
            await note(current.id, Happened.CANCELLED_BY_BUYER, at=now)
            return
        if current.state not in {OrderState.PAID, OrderState.RETIRING}:
            raise OrderNotCancellable(f"order {current.id} is {current.state}", state=current.state)
        if await contributions.is_spent_with(current.id):
            raise OrderNotCancellable("an organiser has paid its part with this order", state=current.state)
        balance = await _balance(current) if to_balance else None
        for retirement in await Retirement.filter(order_id=current.id).order_by("id"):
            await _take_back(tx, retirement, now=now)
        if any(draw.handed_on for draw in await pools.draws_of(current.quote_id)):
            raise OrderNotCancellable(f"order {current.id} was handed grams", state=current.state)
        await note(current.id, Happened.CANCELLED_BY_BUYER, at=now)
        await owe_refund(market, tx, current, REASON, to_balance_of=balance)

    await run_tx(work)
    return await find(order_id)


async def is_free(order: Order) -> bool:
    """Whether `cancel` would do it now; it may be too late a moment later."""
    if order.state in _BEFORE_PAYMENT or order.state == OrderState.PAID:
        return True
    if order.state != OrderState.RETIRING or await contributions.is_spent_with(order.id):
        return False
    for retirement in await Retirement.filter(order_id=order.id).exclude(state=RetirementState.REJECTED):
        waits = await ItemRecord.exists(reference=retirement.reference, state=ItemState.WAITING)
        if retirement.state != RetirementState.QUEUED and not waits:
            return False
    return True


async def _balance(order: Order) -> str:
    owner = await belongings.owner_of(order.id)
    if owner is None:
        raise NoBalance(f"order {order.id} is a guest's")
    return owner


async def _take_back(tx: BaseDBAsyncClient, retirement: Retirement, *, now: datetime) -> None:
    """Before it is sent, or while it waits at the desk for its application to be frozen. Raises OrderNotCancellable."""
    old = RetirementState(retirement.state)
    if old is RetirementState.REJECTED:
        return
    if old is RetirementState.SUBMITTED:
        waiting = ItemRecord.filter(reference=retirement.reference, state=ItemState.WAITING)
        if await waiting.update(state=ItemState.REJECTED, rejection_reason=REASON, decided_at=now) != 1:
            raise OrderNotCancellable("the registry has the request", state=old.value)
    elif old is not RetirementState.QUEUED:
        raise OrderNotCancellable("the registry has the request", state=old.value)
    # a request that was never sent was decided on in the moment in which it would have been
    submitted_at = retirement.submitted_at or now
    moved = await Retirement.filter(id=retirement.id, state=old).update(
        state=RetirementState.REJECTED, submitted_at=submitted_at, decided_at=now, rejection_reason=REASON
    )
    if moved != 1:
        raise OrderNotCancellable("the registry has just got the request", state=old.value)
    await inventory.stop_cancelling(tx, await Interval.get(id=retirement.interval_id))
