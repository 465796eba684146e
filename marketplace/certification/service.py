"""The last step: certificates for what the registry has confirmed of an order.

One for all of it, once all is decided. Where a registry confirmed only a part of an application, that part is certified at once
and the rest gets its own certificate; what could not be cancelled is not certified, and its price goes back.
"""

from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.facts import Drawn
from marketplace.certification.cancelled import Cancelled, cancelled_of
from marketplace.certification.facts import facts_of
from marketplace.certification.fulfilling import issue
from marketplace.database.transactions import run_tx
from marketplace.ledger.sale import Sale, book_sales
from marketplace.market import Market
from marketplace.orders import certified_parts, shortfalls
from marketplace.orders import service as orders
from marketplace.orders.fulfilment import owe_refund
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened, note
from marketplace.pools import opening
from marketplace.products import covers
from marketplace.quotes.models import Quote
from marketplace.retirements.partly import confirmed_in_part


class NotFullyCancelled(Exception):
    """The confirmed tonnes are not the order's, less what nothing could replace: nothing may be certified."""

    code = "not_fully_cancelled"


async def certify(market: Market, order_id: str) -> None:
    """Issue the order's certificate, book the sale and fulfil the order, in one transaction. Safe to repeat. The job that does this
    also takes the leaf into the public log (jobs.py).

    While anything of the order is undecided, only what a partial notice confirmed is certified. What could not be cancelled is
    not certified: its price goes back, and with nothing confirmed at all, everything.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        order, quote = await orders.find_with_quote(order_id, locked=True)
        if order.state != OrderState.RETIRING:
            return
        drawn = await opening.drawn_for(order) if quote.pool_g else ()
        cancelled = (await cancelled_of([(order, quote)]))[order.id]
        if drawn is None or cancelled.under_way:
            if await _goes_ahead(order, cancelled):
                await _certify_part(market, tx, order, quote, cancelled)
            return
        await _complete(market, tx, order, quote, cancelled=cancelled, drawn=drawn)

    await run_tx(work)


async def _goes_ahead(order: Order, cancelled: Cancelled) -> bool:
    """Whether a registry confirmed a part of what it was asked for, and this is not certified yet.

    A pool and the cover of a product each rest on one certificate, which waits for the whole order.
    """
    if not await confirmed_in_part(order.id, cancelled.fresh):
        return False
    return await opening.pool_of_order(order.id) is None and not await covers.is_bought_by(order)


async def _certify_part(
    market: Market, tx: BaseDBAsyncClient, order: Order, quote: Quote, cancelled: Cancelled
) -> None:
    now = market.clock()
    number = 1 + max((part.part for part in cancelled.parts), default=0)
    facts = await facts_of(
        market,
        order,
        quote,
        reference=certified_parts.reference_of_part(order.id, number),
        confirmed=cancelled.fresh,
        intervals=cancelled.intervals,
    )
    (record,) = await issue(market, [(order, facts)])
    await certified_parts.record(cancelled.fresh, number, record.number, at=now)
    tonnes = sum(len(cancelled.intervals[one.interval_id].serials) for one in cancelled.fresh)
    of_all = quote.own_tonnes
    await note(order, Happened.PART_CERTIFIED, at=now, number=record.number, tonnes=tonnes, of_tonnes=of_all)


async def _complete(
    market: Market,
    tx: BaseDBAsyncClient,
    order: Order,
    quote: Quote,
    *,
    cancelled: Cancelled,
    drawn: tuple[Drawn, ...],
) -> None:
    """All is decided: certify what is not certified yet, settle the money and end the order."""
    now = market.clock()
    # what came out of pools alone cannot fall short
    short = await shortfalls.tonnes_of(order.id) if quote.own_tonnes else 0
    if cancelled.tonnes != quote.own_tonnes - short:
        raise NotFullyCancelled(f"order {order.id} is not cancelled to its {quote.own_tonnes - short} t")
    if sum(one.grams for one in drawn) != quote.pool_g:
        raise NotFullyCancelled(f"order {order.id} has not drawn its {quote.pool_g} g")
    if not cancelled.intervals and not drawn:
        await owe_refund(market, tx, order, "registry_refused")
        return
    net = cancelled.net_by_provider
    given_back = await shortfalls.give_back(tx, order, quote, net, at=now) if short else 0
    less = {"short_tonnes": short, "refund_yen": given_back} if short else {}
    if cancelled.fresh or drawn:
        await _certify_rest(market, tx, order, quote, cancelled=cancelled, drawn=drawn, less=less)
    else:
        number = cancelled.parts[-1].number
        await orders.move(order, OrderState.FULFILLED, certificate_number=number)
        await note(order, Happened.ENDED_IN_PART, at=now, number=number, **less)
    await book_sales([Sale(order.id, net, pooled_yen=quote.pooled_yen)], at=now)


async def _certify_rest(
    market: Market,
    tx: BaseDBAsyncClient,
    order: Order,
    quote: Quote,
    *,
    cancelled: Cancelled,
    drawn: tuple[Drawn, ...],
    less: Mapping[str, int],
) -> None:
    """Or the whole order, if no part of it was certified ahead."""
    now, pool = market.clock(), await opening.pool_of_order(order.id)
    facts = await facts_of(
        market,
        order,
        quote,
        reference=order.id,
        confirmed=cancelled.fresh,
        intervals=cancelled.intervals,
        drawn=drawn,
        pool=pool is not None,
    )
    (record,) = await issue(market, [(order, facts)])
    await orders.move(order, OrderState.FULFILLED, certificate_number=record.number)
    earlier = list(dict.fromkeys(part.number for part in cancelled.parts))
    also = {"earlier": earlier} if earlier else {}
    await note(order, Happened.CERTIFIED, at=now, number=record.number, **less, **also)
    if drawn:
        await opening.hand_on(market, tx, order, now=now)
    await covers.certified(market, tx, order, record.number, record.grams, now=now)
    if pool is not None:
        await opening.opened(market, tx, pool, record, now=now)
