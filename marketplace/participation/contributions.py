"""The organiser's part of a split: with the attendee's payment, or not at all.

    held ─▶ spent      with the attendee's payment, in the transaction that sends the attendee's order on its way
      └──▶ returned    when the attendee's order expired, failed or was taken back; later money of the attendee goes back too

Held is written before anyone is sent to a payment page: the grams in a quote of their own, the money in an account of the
ledger. Both parts are drawn from open pools only, whose tonnes are cancelled already, so nothing that a registry
decides can come between them.
"""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.models import Organisation
from marketplace.database import rows
from marketplace.errors import UseNotPermitted
from marketplace.ledger import balance
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import OrderWish
from marketplace.orders.words import consent_version
from marketplace.participation.models import EventPage, OrganiserPart, Participation
from marketplace.pools import service as pools
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.states import QuoteState

# Longer than any promise to pay lasts: three days at a convenience store, seven by bank transfer.
HELD_FOR = timedelta(days=14)


def set_aside_account(participation_id: str) -> str:
    return f"set_aside:{participation_id}"


async def hold(
    tx: BaseDBAsyncClient, page: EventPage, participation_id: str, quote_id: str, yen: int, *, at: datetime
) -> None:
    """Inside the transaction that writes the participation. Raises BalanceTooLow."""
    await balance.debit(
        page.organisation_id,
        yen,
        given_to=set_aside_account(participation_id),
        event=f"set_aside:{participation_id}",
        at=at,
    )
    await Quote.filter(id=quote_id, state=QuoteState.OPEN).update(expires_at=at + HELD_FOR)


async def spend_with(market: Market, tx: BaseDBAsyncClient, order: Order) -> bool:
    """Inside the transaction that sends the paid order `order` on its way: place and pay the organiser's part.

    True also if there is none. False if it was returned, or either part's grams are not ready any more: then the attendee's
    money has to go back as well.
    """
    # this queues with `give_back`
    found = await rows.find_all(Participation, order_id=order.id, locked=True)
    joined = found[0] if found else None
    if joined is None or joined.organiser_part in {OrganiserPart.NONE, OrganiserPart.SPENT}:
        return True
    quote = await quotes.find(str(joined.organiser_quote_id))
    instruction = Instruction.model_validate_json(order.instruction)
    if joined.organiser_part != OrganiserPart.HELD or not await _may_be_placed(
        quote, order, instruction, market.clock()
    ):
        return False
    page = await EventPage.get(id=joined.event_page_id)
    await _empty(joined, page, at=market.clock())
    paid = await orders.place_within(tx, market, await wish_of(page, quote.id, instruction, order.locale))
    await Participation.filter(id=joined.id).update(organiser_part=OrganiserPart.SPENT, organiser_order_id=paid.id)
    return True


async def _may_be_placed(quote: Quote, order: Order, instruction: Instruction, now: datetime) -> bool:
    if quote.state != QuoteState.OPEN or quote.expires_at <= now:
        return False
    try:
        quotes.refuse_other_uses(await quotes.parts_of(quote), instruction.purpose)
    except UseNotPermitted:
        return False
    return await pools.is_ready(order.quote_id) and await pools.is_ready(quote.id)


async def wish_of(page: EventPage, quote_id: str, instruction: Instruction, locale: str) -> OrderWish:
    """The organiser's own order for an attendee's grams: the invoice is made out to the organiser, from whose balance it is paid."""
    organisation = await Organisation.get(id=page.organisation_id)
    return OrderWish(
        quote_id=quote_id,
        instruction=instruction.model_copy(update={"purchaser": organisation.name}),
        consent_version=consent_version(),
        locale=locale,
        paid_by=page.organisation_id,
    )


async def give_back(tx: BaseDBAsyncClient, joined: Participation, *, at: datetime) -> bool:
    """Inside a transaction: release what is held, money and grams. False if it is not held any more."""
    held = Participation.filter(id=joined.id, organiser_part=OrganiserPart.HELD)
    if await held.update(organiser_part=OrganiserPart.RETURNED, settled_at=at, email=None) != 1:
        return False
    await _empty(joined, await EventPage.get(id=joined.event_page_id), at=at)
    quote_id = str(joined.organiser_quote_id)
    await Quote.filter(id=quote_id, state=QuoteState.OPEN).update(state=QuoteState.EXPIRED)
    await quotes.release(tx, quote_id)
    return True


async def is_spent_with(order_id: str) -> bool:
    """Whether an organiser's part hangs on this order for good."""
    return await Participation.exists(order_id=order_id, organiser_part=OrganiserPart.SPENT)


async def _empty(joined: Participation, page: EventPage, *, at: datetime) -> None:
    await balance.credit(
        page.organisation_id,
        joined.organiser_yen,
        taken_from=set_aside_account(joined.id),
        event=f"set_aside_ended:{joined.id}",
        at=at,
    )
