"""From a payment to its retirements, or to a refund: every paid order ends in exactly one of the two.

How the money comes is in settlement.py, how it goes back in payments/refunds.py.

Each step is one transaction that changes state and writes the next job. A step that runs twice finds the state already
moved and changes nothing.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.clock import japan_date
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.errors import NotEnoughUnits
from marketplace.inventory import service as inventory
from marketplace.inventory.models import Interval
from marketplace.inventory.states import IntervalState
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders import shortfalls
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import find, find_with_quote, find_with_quotes, line_ids, move, move_all, queue_for
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.outbox import service as outbox
from marketplace.participation import contributions
from marketplace.payments.refunds import refund
from marketplace.pools import opening
from marketplace.quotes import service as quotes
from marketplace.quotes.models import QuoteLine
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from marketplace.retirements.partly import NOT_IN_NOTICE
from marketplace.retirements.service import ToCancel
from marketplace.retirements.states import RetirementState

REPLACEMENT_HELD_FOR = timedelta(hours=1)


async def retire(market: Market, order_id: str) -> None:
    """Send the order's units to the registry; replace those whose reservation ran out, or give the money back."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        order, quote = await find_with_quote(order_id, locked=True)
        if order.state != OrderState.PAID:
            return
        lines = await quotes.lines_of(quote.id) if quote.own_tonnes else []
        try:
            held, replaced = await _nothing_missing(market, tx, lines)
            from_pools = quote.pool_g > 0 and await opening.prepare(market, tx, order)
        except NotEnoughUnits:
            await owe_refund(market, tx, order, "no_units_left")
            return
        # an organiser pays for a part of an attendee's grams, which all come out of pools
        if from_pools and not await contributions.spend_with(market, tx, order):
            await owe_refund(market, tx, order, "organiser_part_gone")
            return
        if replaced:
            await note(order, Happened.UNITS_REPLACED, at=now, because="reservation_ran_out")
        await _queue(market, [(order, held)])
        await move(order, OrderState.RETIRING)
        if from_pools:
            await outbox.add(tx, "order.certify", f"certify:{order.id}", {"order_id": order.id}, at=now)

    await run_tx(work)


async def retire_together(market: Market, order_ids: Sequence[str]) -> frozenset[str]:
    """As retire, for many orders in one transaction: those of whole tonnes alone, all of them still reserved.

    Returns the ids of the others.
    """
    if not order_ids:
        return frozenset()

    async def work(_: BaseDBAsyncClient) -> frozenset[str]:
        found = await find_with_quotes(order_ids, locked=True)
        paid = [(order, quote) for order, quote in found if order.state == OrderState.PAID]
        held = await _all_held({quote.id for _, quote in paid if quote.own_tonnes and not quote.pool_g})
        ready = [(order, held[quote.id]) for order, quote in paid if quote.id in held]
        if ready:
            await _queue(market, ready)
            await move_all([order for order, _ in ready], OrderState.RETIRING)
        ended = {order.id for order, _ in found} - {order.id for order, _ in paid}
        return frozenset(order_ids) - ended - {order.id for order, _ in ready}

    return await run_tx(work)


async def _all_held(quote_ids: Collection[str]) -> dict[str, list[Interval]]:
    """What is reserved for each of these quotes; those that have lost something are left out."""
    lines = await rows.find_all(QuoteLine, quote_id=sorted(quote_ids))
    held: dict[str, list[Interval]] = {line.id: [] for line in lines}
    for interval in await inventory.reserved_for(sorted(held)):
        held[str(interval.quote_line_id)].append(interval)
    lost = {line.quote_id for line in lines if sum(len(one.serials) for one in held[line.id]) < line.tonnes}
    of_quote: dict[str, list[Interval]] = {quote_id: [] for quote_id in quote_ids if quote_id not in lost}
    for line in lines:
        if line.quote_id in of_quote:
            of_quote[line.quote_id] += held[line.id]
    return of_quote


async def _queue(market: Market, sold: Sequence[tuple[Order, Sequence[Interval]]]) -> None:
    await inventory.start_cancelling([interval for _, held in sold for interval in held])
    wanted = [
        ToCancel(order.id, held, Instruction.model_validate_json(order.instruction)) for order, held in sold if held
    ]
    await retirements.queue(wanted, now=market.clock())


async def _nothing_missing(
    market: Market, tx: BaseDBAsyncClient, lines: Sequence[QuoteLine]
) -> tuple[Sequence[Interval], bool]:
    """What is reserved for the lines, and whether something that they had lost was replaced. Raises NotEnoughUnits."""
    held = await inventory.reserved_for([line.id for line in lines])
    tonnes = {line.id: 0 for line in lines}
    for interval in held:
        tonnes[str(interval.quote_line_id)] += len(interval.serials)
    missing = [line for line in lines if tonnes[line.id] < line.tonnes]
    for line in missing:
        await _reserve_again(market, tx, line, line.tonnes - tonnes[line.id])
    return (await inventory.reserved_for([line.id for line in lines]) if missing else held), bool(missing)


async def _reserve_again(market: Market, tx: BaseDBAsyncClient, line: QuoteLine, tonnes: int) -> None:
    """Reserve what a line has lost, at the quoted price: from its own listing, else from one of the same kind that is sold for
    the same purpose and costs no more. Raises NotEnoughUnits."""
    now = market.clock()
    for listing in await _replacements(line, on=japan_date(now)):
        try:
            await inventory.reserve(
                tx, listing.holding_id, tonnes, quote_line_id=line.id, until=now + REPLACEMENT_HELD_FOR, now=now
            )
        except NotEnoughUnits:
            continue
        return
    raise NotEnoughUnits(f"nothing replaces {tonnes} t of line {line.id}", asked=tonnes)


async def _replacements(line: QuoteLine, *, on: date) -> Sequence[Listing]:
    order = await Order.get(quote_id=line.quote_id)
    purpose = Instruction.model_validate_json(order.instruction).purpose
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
    return [sold, *(other for other in others if other.is_offered(on) and other.permits(purpose))]


async def replace_refused(market: Market, order_id: str, retirement_id: str) -> None:
    """The registry refused one retirement: take its serials off sale until a person has looked, and cancel others.

    With nothing left to take, the whole amount goes back; or, if another part of the order is or may yet be cancelled, the
    price of this part, as soon as everything is decided (certification/service.py).
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        await queue_for(tx, order_id)
        order = await find(order_id)
        refused = await Retirement.get(id=retirement_id)
        because = "partly_confirmed" if refused.rejection_reason == NOT_IN_NOTICE else "registry_refused"
        interval = await Interval.get(id=refused.interval_id)
        if interval.state != IntervalState.CANCELLING or order.state != OrderState.RETIRING:
            return
        line = await QuoteLine.get(id=interval.quote_line_id)
        await inventory.withdraw_refused(tx, interval)
        try:
            await _reserve_again(market, tx, line, len(interval.serials))
        except NotEnoughUnits:
            if await _nothing_else(order):
                await owe_refund(market, tx, order, "registry_refused")
                return
            await shortfalls.record(refused, line.id, len(interval.serials), because, at=now)
            await retirements.certify_soon(tx, refused, now=now)
            return
        reason = refused.rejection_reason if because == "registry_refused" else None
        await note(order, Happened.UNITS_REPLACED, at=now, because=because, reason=reason)
        await _queue(market, [(order, await inventory.reserved_for([line.id]))])

    await run_tx(work)


async def _nothing_else(order: Order) -> bool:
    """Whether no part of the order is cancelled, or may yet be."""
    live = Retirement.filter(order_id=order.id).exclude(state=RetirementState.REJECTED)
    return not await live.exists() and not inventory.under_way(await inventory.of_lines(await line_ids(order)))


async def owe_refund(
    market: Market, tx: BaseDBAsyncClient, order: Order, reason: str, *, to_balance_of: str | None = None
) -> None:
    """All of it goes back; what was given back in part before is not given back twice."""
    now = market.clock()
    await quotes.release(tx, order.quote_id)
    await move(order, OrderState.REFUND_DUE, refund_reason=reason)
    await note(order.id, Happened.REFUND_DUE, at=now, reason=reason, registry_reason=await _registry_reason(order))
    held = -await ledger.balance(ledger.order_account(order.id))
    await refund(tx, order, held, reason=reason, key=f"whole:{order.id}", at=now, to_balance_of=to_balance_of)


async def _registry_reason(order: Order) -> str | None:
    """What the registry itself gave as the reason of its last refusal, if it refused anything."""
    refused = await Retirement.filter(order_id=order.id, state=RetirementState.REJECTED).order_by("-id").first()
    return None if refused is None else refused.rejection_reason
