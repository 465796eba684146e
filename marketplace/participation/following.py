"""What follows once an attendee has joined: the organiser's part comes back if the attendee's fails, and is told of if not."""

from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.transactions import run_tx
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.participation import contributions
from marketplace.participation.models import EventPage, OrganiserPart, Participation

_OVER = (OrderState.EXPIRED, OrderState.PAYMENT_FAILED, OrderState.REFUND_DUE, OrderState.REFUNDED)


async def look_after(market: Market) -> None:
    """Sweep. Safe to repeat."""
    for joined in await Participation.filter(settled_at__isnull=True).order_by("joined_at").limit(200):
        await run_tx(partial(_follow, market=market, joined=joined))


async def _follow(tx: BaseDBAsyncClient, market: Market, joined: Participation) -> None:
    now = market.clock()
    if joined.organiser_part == OrganiserPart.HELD:
        if await Order.exists(id=joined.order_id, state__in=_OVER):
            await contributions.give_back(tx, joined, at=now)
        return
    paid = await Order.get(id=joined.organiser_order_id)
    if paid.state == OrderState.FULFILLED:
        await _tell(tx, market, joined, paid)
        await Participation.filter(id=joined.id, settled_at__isnull=True).update(settled_at=now, email=None)
    elif paid.state == OrderState.REFUNDED:
        # the money is in the organiser's balance again, and its place under the cap is free
        await Participation.filter(id=joined.id, organiser_part=OrganiserPart.SPENT).update(
            organiser_part=OrganiserPart.RETURNED, settled_at=now, email=None
        )


async def _tell(tx: BaseDBAsyncClient, market: Market, joined: Participation, paid: Order) -> None:
    if joined.email is None:
        return
    page = await EventPage.get(id=joined.event_page_id)
    params = {"event": page.name, "number": paid.certificate_number, "code": page.code, "token": joined.token}
    key = f"participation:{joined.id}"
    await mail.send_later(
        tx, "participation_certified", joined.email, joined.locale, params, key=key, at=market.clock()
    )
