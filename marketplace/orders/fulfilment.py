"""From a payment to its retirements, or to a refund: every paid order ends in exactly one of the two.

Each step is one transaction that changes state and writes the next job. A step that runs twice finds the state already
moved and changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits
from marketplace.ids import new_id
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.inventory.states import IntervalState
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import find, line_ids, move
from marketplace.orders.states import UNPAID, OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.outbox import service as outbox
from marketplace.payments.gateway import Checkout, PaymentState
from marketplace.payments.models import Payment, RefundRecord
from marketplace.quotes import service as quotes
from marketplace.quotes.models import QuoteLine
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

REPLACEMENT_HELD_FOR = timedelta(hours=1)


class PaymentDiffers(Exception):
    """The provider captured another amount than the order's total: a person must look."""

    code = "payment_differs"


class RefundRefused(Exception):
    """The provider did not give the money back: a person must look."""

    code = "refund_refused"


async def settle(market: Market, session_id: str) -> None:
    """Ask the provider how a checkout stands now, and follow. Safe to call any number of times, in any order."""
    checkout = await market.payments.checkout(session_id)
    match checkout.state:
        case PaymentState.PAID:
            await _paid(market, checkout)
        case PaymentState.FAILED:
            await _give_up(market, checkout, OrderState.PAYMENT_FAILED, Happened.PAYMENT_FAILED)
        case PaymentState.EXPIRED:
            await _give_up(market, checkout, OrderState.EXPIRED, Happened.EXPIRED)
        case PaymentState.OPEN | PaymentState.PENDING:
            return


async def _paid(market: Market, checkout: Checkout) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await find(checkout.order_id)
        if OrderState(order.state) not in UNPAID:
            return
        if checkout.payment is None or (checkout.amount, checkout.currency) != (order.total_yen, "JPY"):
            raise PaymentDiffers(f"{checkout.id}: {checkout.amount} {checkout.currency}, not {order.total_yen} JPY")
        payment = await Payment.create(
            id=new_id("pay", now),
            order_id=order.id,
            provider_payment=checkout.payment,
            amount_yen=checkout.amount,
            captured_at=now,
        )
        await ledger.book(
            f"payment:{payment.id}",
            {ledger.CLEARING: checkout.amount, ledger.order_account(order.id): -checkout.amount},
            order_id=order.id,
            at=now,
        )
        await move(order, OrderState.PAID, checkout_session=checkout.id)
        await note(order.id, Happened.PAID, at=now)
        await outbox.add(tx, "order.retire", f"retire:{order.id}", {"order_id": order.id}, at=now)

    await run_tx(work)


async def _give_up(market: Market, checkout: Checkout, new: OrderState, happened: Happened) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        order = await find(checkout.order_id)
        if order.state == OrderState.AWAITING_PAYMENT:
            await move(order, new)
            await inventory.release(tx, await line_ids(order))
            await note(order.id, happened, at=market.clock())

    await run_tx(work)


async def run_out(market: Market, order_id: str) -> None:
    """The time to pay is over: close the page first, then give the units back, unless the money came after all."""
    order = await find(order_id)
    if order.state not in {OrderState.QUOTED, OrderState.AWAITING_PAYMENT}:
        return
    if order.checkout_session is not None:
        await market.payments.expire_checkout(order.checkout_session)
        await settle(market, order.checkout_session)
        return

    async def work(tx: BaseDBAsyncClient) -> None:
        current = await find(order_id)
        if current.state == OrderState.QUOTED:
            await move(current, OrderState.EXPIRED)
            await inventory.release(tx, await line_ids(current))
            await note(current.id, Happened.EXPIRED, at=market.clock())

    await run_tx(work)


async def enqueue_overdue(market: Market) -> None:
    """Sweep: every order whose time to pay is over gets a job that lets it run out."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        unpaid = [OrderState.QUOTED, OrderState.AWAITING_PAYMENT]
        for order in await Order.filter(state__in=unpaid, pay_until__lte=now).limit(100):
            await outbox.add(tx, "order.run_out", f"run_out:{order.id}", {"order_id": order.id}, at=now)

    await run_tx(work)


async def retire(market: Market, order_id: str) -> None:
    """Send the order's units to the registry; replace those whose reservation ran out, or give the money back."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order = await find(order_id)
        if order.state != OrderState.PAID:
            return
        lines = await quotes.lines_of(order.quote_id)
        try:
            replaced = [line.id for line in lines if await _replace_missing(market, tx, line)]
        except NotEnoughUnits:
            await _owe_refund(market, tx, order, "no_units_left")
            return
        if replaced:
            await note(order.id, Happened.UNITS_REPLACED, at=now)
        await _queue_reserved(market, tx, order, lines)
        await move(order, OrderState.RETIRING)

    await run_tx(work)


async def _queue_reserved(market: Market, tx: BaseDBAsyncClient, order: Order, lines: Sequence[QuoteLine]) -> None:
    instruction = Instruction.model_validate_json(order.instruction)
    for interval in await inventory.reserved_for([line.id for line in lines]):
        await inventory.start_cancelling(interval)
        await retirements.queue(tx, order.id, interval, instruction, now=market.clock())


async def _replace_missing(market: Market, tx: BaseDBAsyncClient, line: QuoteLine) -> bool:
    held = sum(len(interval.serials) for interval in await inventory.reserved_for([line.id]))
    if held == line.tonnes:
        return False
    await _reserve_again(market, tx, line, line.tonnes - held)
    return True


async def _reserve_again(market: Market, tx: BaseDBAsyncClient, line: QuoteLine, tonnes: int) -> None:
    """Reserve what a line has lost, at the quoted price: from its own listing, else from one of the same kind that costs
    no more. Raises NotEnoughUnits."""
    now = market.clock()
    for listing in await _replacements(line):
        try:
            await inventory.reserve(
                tx, listing.holding_id, tonnes, quote_line_id=line.id, until=now + REPLACEMENT_HELD_FOR, now=now
            )
        except NotEnoughUnits:
            continue
        return
    raise NotEnoughUnits(f"nothing replaces {tonnes} t of line {line.id}", asked=tonnes)


async def _replacements(line: QuoteLine) -> Sequence[Listing]:
    sold = await Listing.get(id=line.listing_id).prefetch_related("holding__block")
    others = (
        await Listing.filter(
            open=True,
            yen_per_tonne__lte=line.yen_per_tonne,
            holding__block__registry=sold.holding.block.registry,
            holding__block__credit_kind=sold.holding.block.credit_kind,
        )
        .exclude(id=sold.id)
        .order_by("-yen_per_tonne", "id")
    )
    return [sold, *others]


async def replace_refused(market: Market, order_id: str, retirement_id: str) -> None:
    """The registry refused one retirement: take its serials off sale until a person has looked, and cancel others.

    With nothing left to take, the whole amount goes back, unless part of the order is already cancelled: then
    NotEnoughUnits is raised until an operator has found units.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        order = await find(order_id)
        refused = await Retirement.get(id=retirement_id)
        interval = await Interval.get(id=refused.interval_id)
        if interval.state != IntervalState.CANCELLING or order.state != OrderState.RETIRING:
            return
        line = await QuoteLine.get(id=interval.quote_line_id)
        await inventory.withdraw_refused(tx, interval)
        try:
            await _reserve_again(market, tx, line, len(interval.serials))
        except NotEnoughUnits:
            if await Retirement.filter(order_id=order.id).exclude(state=RetirementState.REJECTED).exists():
                raise
            await _owe_refund(market, tx, order, "registry_refused")
            return
        await note(order.id, Happened.UNITS_REPLACED, at=market.clock())
        await _queue_reserved(market, tx, order, [line])

    await run_tx(work)


async def _owe_refund(market: Market, tx: BaseDBAsyncClient, order: Order, reason: str) -> None:
    now = market.clock()
    await inventory.release(tx, await line_ids(order))
    await move(order, OrderState.REFUND_DUE, refund_reason=reason)
    await note(order.id, Happened.REFUND_DUE, at=now, reason=reason)
    await outbox.add(tx, "order.refund", f"refund:{order.id}", {"order_id": order.id}, at=now)


async def refund(market: Market, order_id: str) -> None:
    """Give the whole amount back, once: the order id is the key on the provider's side too."""
    order = await find(order_id)
    if order.state != OrderState.REFUND_DUE:
        return
    payment = await Payment.get(order_id=order.id)
    given_back = await market.payments.refund(payment.provider_payment, payment.amount_yen, key=order.id)
    if given_back.state not in {"succeeded", "pending"}:
        raise RefundRefused(f"refund {given_back.id} of order {order.id} is {given_back.state}")

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        current = await find(order_id)
        if current.state != OrderState.REFUND_DUE:
            return
        record = await RefundRecord.create(
            id=new_id("ref", now),
            payment_id=payment.id,
            provider_refund=given_back.id,
            amount_yen=given_back.amount,
            refunded_at=now,
        )
        await ledger.book(
            f"refund:{record.id}",
            {ledger.order_account(order.id): given_back.amount, ledger.CLEARING: -given_back.amount},
            order_id=order.id,
            at=now,
        )
        await move(current, OrderState.REFUNDED)
        await note(order.id, Happened.REFUNDED, at=now, amount_yen=given_back.amount)

    await run_tx(work)
