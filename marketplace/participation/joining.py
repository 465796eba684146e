"""An attendee joins: orders for what each pays, written in one transaction with the place in the organiser's cap."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from certificates.statement import OffsetType
from marketplace.database.transactions import run_tx
from marketplace.errors import ConsentMissing
from marketplace.footprints.service import stored
from marketplace.ids import new_id, new_token
from marketplace.market import Market
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.service import OrderWish
from marketplace.orders.words import consent_version
from marketplace.outbox import service as outbox
from marketplace.participation import contributions
from marketplace.participation.errors import (
    EventPageClosed,
    OrganiserPartNotReady,
    ParticipationNotFound,
    SharesChanged,
)
from marketplace.participation.models import EventPage, OrganiserPart, PageState, Participation
from marketplace.participation.shares import Part, Shares, shares_of
from marketplace.pools import opening
from marketplace.pools import service as pools
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from marketplace.quotes.states import QuoteState
from marketplace.quotes.wishing import quote_lines

CAP_HOLDS = "event_page_cap_holds"


@dataclass(frozen=True, slots=True)
class JoinWish:
    """`key` comes from the form: the same key joins once. The two amounts are those that the attendee was shown.

    `public_name` None: the certificate names nobody. `alone`: the attendee pays all of it. `email` is where the certificate
    is sent.
    """

    footprint_id: str
    key: str
    attendee_yen: int
    organiser_yen: int
    consent_version: str | None
    locale: str
    public_name: str | None = None
    organiser_sees_name: bool = False
    email: str | None = None
    alone: bool = False


async def join(market: Market, page: EventPage, wish: JoinWish) -> Participation:
    """What the organiser pays is paid when this returns, unless the attendee pays a part: then both are paid, or neither.

    Raises FootprintNotFound, EventPageClosed, SharesChanged, OrganiserPartNotReady, MixNotAvailable, ConsentMissing,
    TextNotPrintable and what placing an order raises.
    """
    if known := await Participation.get_or_none(key=wish.key, event_page_id=page.id):
        return known
    if page.state != PageState.OPEN:
        raise EventPageClosed(f"event page {page.id} is closed")
    if wish.consent_version != consent_version():
        # also where the organiser pays: it is the attendee who takes what cannot be undone
        raise ConsentMissing("what cannot be undone was not confirmed in its present wording")
    grams = (await stored(wish.footprint_id)).total_g
    shares = await shares_of(market, page, grams, alone=wish.alone)
    if (shares.attendee.yen, shares.organiser.yen) != (wish.attendee_yen, wish.organiser_yen):
        raise SharesChanged("the parts are not those that were shown")
    instruction = instruction_of(page, wish.locale, wish.public_name)
    attendee = await _quoted(market, shares.attendee, wish)
    organiser = await _quoted(market, shares.organiser, wish)
    own = _own(attendee, instruction, wish) if attendee else None
    paid = await contributions.wish_of(page, organiser.id, instruction, wish.locale) if organiser else None
    try:
        for one in (own, paid):
            if one is not None:
                await orders.refuse_texts(one)
        if attendee and organiser:
            await _refuse_unless_ready(market, attendee, organiser)
        return await run_tx(lambda tx: _Place(market, page, wish, shares, own, paid).within(tx))
    except Exception as refused:
        await _release([quote for quote in (attendee, organiser) if quote])
        if isinstance(refused, IntegrityError):
            return await _after_clash(page, wish, refused)
        raise


def instruction_of(page: EventPage, locale: str, public_name: str | None) -> Instruction:
    """Nothing that a registry keeps names the attendee: even whole tonnes are cancelled for the event's attendees at large."""
    words = {name: text.format(event=page.name) for name, text in _words()[locale].items()}
    return Instruction(
        type=OffsetType.EVENT,
        subject=words["subject"],
        period_first=page.first_day,
        period_last=page.last_day,
        beneficiary=public_name or words["beneficiary"],
        beneficiary_public=True,
        purpose_detail=words["purpose_detail"],
        credit_user=words["beneficiary"],
        reduction_effort=page.reduction_effort,
    )


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def _own(quote: Quote, instruction: Instruction, wish: JoinWish) -> OrderWish:
    return OrderWish(
        quote_id=quote.id,
        instruction=instruction,
        consent_version=wish.consent_version,
        locale=wish.locale,
        email=wish.email,
    )


async def _quoted(market: Market, part: Part, wish: JoinWish) -> Quote | None:
    return await quote_lines(market, part.lines, footprint_id=wish.footprint_id) if part.grams else None


async def _refuse_unless_ready(market: Market, attendee: Quote, organiser: Quote) -> None:
    """Both parts from open pools, or none. Raises OrganiserPartNotReady, and has pools opened for the next attempt."""
    own_tonnes = attendee.own_tonnes or organiser.own_tonnes
    if not own_tonnes and await pools.is_ready(attendee.id) and await pools.is_ready(organiser.id):
        return
    listings = {line.listing_id for quote in (attendee, organiser) for line in await pools.lines_of(quote.id)}

    async def stock_up(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        for listing_id in sorted(listings):
            key = f"{opening.TOP_UP}:split:{attendee.id}:{listing_id}"
            await outbox.add(tx, opening.TOP_UP, key, {"listing_id": listing_id}, at=now)

    await run_tx(stock_up)
    raise OrganiserPartNotReady("the grams of both parts are not ready")


@dataclass(frozen=True, slots=True)
class _Place:
    """Everything that one attendee's place consists of, to be written at once: `own` and `paid` are the two orders."""

    market: Market
    page: EventPage
    wish: JoinWish
    shares: Shares
    own: OrderWish | None
    paid: OrderWish | None

    async def within(self, tx: BaseDBAsyncClient) -> Participation:
        market, wish, shares = self.market, self.wish, self.shares
        now = market.clock()
        participation_id = new_id("par", now)
        own = await orders.place_within(tx, market, self.own) if self.own else None
        paid: Order | None = None
        part = OrganiserPart.NONE
        if self.paid and own:
            part = OrganiserPart.HELD
            await contributions.hold(tx, self.page, participation_id, self.paid.quote_id, shares.organiser.yen, at=now)
        elif self.paid:
            part = OrganiserPart.SPENT
            paid = await orders.place_within(tx, market, self.paid)
        return await Participation.create(
            id=participation_id,
            event_page_id=self.page.id,
            key=wish.key,
            token=new_token(),
            footprint_id=wish.footprint_id,
            locale=wish.locale,
            organiser_sees_name=wish.organiser_sees_name and wish.public_name is not None,
            email=wish.email if self.paid else None,
            order_id=own.id if own else None,
            attendee_g=shares.attendee.grams,
            attendee_yen=shares.attendee.yen,
            organiser_quote_id=self.paid.quote_id if self.paid else None,
            organiser_order_id=paid.id if paid else None,
            organiser_g=shares.organiser.grams,
            organiser_yen=shares.organiser.yen,
            organiser_part=part,
            joined_at=now,
            settled_at=None if self.paid else now,
        )


async def _release(held: list[Quote]) -> None:
    """What was quoted for a transaction that did not come about."""

    async def work(tx: BaseDBAsyncClient) -> None:
        for quote in held:
            if await Quote.filter(id=quote.id, state=QuoteState.OPEN).update(state=QuoteState.EXPIRED):
                await quotes.release(tx, quote.id)

    await run_tx(work)


async def _after_clash(page: EventPage, wish: JoinWish, clash: IntegrityError) -> Participation:
    """Somebody was quicker: the same form, or another attendee who took what was left of the cap."""
    if known := await Participation.get_or_none(key=wish.key, event_page_id=page.id):
        return known
    if CAP_HOLDS in str(clash):
        raise SharesChanged("the organiser's cap is reached") from clash
    if not await EventPage.exists(id=page.id, state=PageState.OPEN):
        raise EventPageClosed(f"event page {page.id} is closed") from clash
    raise clash


async def find_by_token(token: str) -> Participation:
    """Raises ParticipationNotFound."""
    joined = await Participation.get_or_none(token=token)
    if joined is None:
        raise ParticipationNotFound("nobody joined under this link")
    return joined


async def page_of_order(order_id: str) -> str | None:
    """The path of the attendee's own page, without the language, if this order is one that an attendee pays."""
    joined = await Participation.get_or_none(order_id=order_id)
    if joined is None:
        return None
    page = await EventPage.get(id=joined.event_page_id)
    return f"/e/{page.code}/mine/{joined.token}"
